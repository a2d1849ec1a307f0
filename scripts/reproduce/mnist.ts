import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { dataFile, readIfThere, requireDigest } from './data-files.ts'
import { MissingDataError, ReproduceError } from './errors.ts'
import type { Dataset, Images } from './images.ts'

/** Where MNIST's files can be had; each holds them under their own names with .gz. */
const MIRRORS = [
  'https://ossci-datasets.s3.amazonaws.com/mnist/',
  'https://storage.googleapis.com/cvdf-datasets/mnist/'
]
const CACHE = fileURLToPath(new URL('../../.cache/mnist/', import.meta.url))
const MODELS = new URL('../models/mnist/', import.meta.url)

const SIDE = 28
const BORDER = 2
const PADDED = SIDE + 2 * BORDER
/** Longer than any of the files unpacked, so that no mirror can fill the memory. */
const MOST_BYTES = 64 * 2 ** 20
/** For one file from one mirror, in ms. */
const PATIENCE = 60_000

/**
 * LeNet5, its student, and MNIST: from a folder that holds its four .gz files under `data/mnist` or `mnist`; without a folder
 * from what was downloaded before, or from a mirror. Images are MNIST's 28×28 with 2 zeros on each side, in [0, 1].
 *
 * @throws {MissingDataError} the folder does not hold the files, or no mirror can be reached
 * @throws {ReproduceError} one is not what the models were trained on
 */
export async function readMnist(folder: string | undefined): Promise<Dataset> {
  const { data } = JSON.parse(await readFile(new URL('recipe.json', MODELS), 'utf8'))
  const digests: Record<string, string> = data.sha256Unpacked
  const files = new Map<string, Uint8Array>()
  for (const [name, sha256] of Object.entries(digests)) {
    files.set(name, folder === undefined ? await downloaded(name, sha256) : await inFolder(folder, name, sha256))
  }
  return {
    shape: { channels: 1, height: PADDED, width: PADDED },
    models: {
      deployed: fileURLToPath(new URL('lenet5.onnx', MODELS)),
      student: fileURLToPath(new URL('student.onnx', MODELS))
    },
    learning: images(files, 'train'),
    test: images(files, 't10k')
  }
}

async function inFolder(folder: string, name: string, sha256: string): Promise<Uint8Array> {
  const { content, found } = await dataFile(folder, `mnist/${name}.gz`)
  return unpack(content, sha256, found)
}

async function downloaded(name: string, sha256: string): Promise<Uint8Array> {
  const kept = path.join(CACHE, `${name}.gz`)
  const packed = await readIfThere(kept)
  if (packed !== undefined) return unpack(packed, sha256, kept)
  const found = await download(
    MIRRORS.map(mirror => `${mirror}${name}.gz`),
    sha256
  )
  if (found === undefined) {
    throw new MissingDataError(
      'MNIST cannot be downloaded from here: give a folder that has it by --data or SPLINEMESH_DATA'
    )
  }
  await mkdir(CACHE, { recursive: true })
  await writeFile(kept, found.packed)
  return found.unpacked
}

/**
 * A file packed with gzip, from the first address that answers.
 *
 * @returns `undefined` where none can be reached
 * @throws {ReproduceError} what came is not the file that was asked for
 */
export async function download(
  addresses: readonly string[],
  sha256: string
): Promise<{ packed: Uint8Array; unpacked: Uint8Array } | undefined> {
  for (const address of addresses) {
    const packed = await fetchBytes(address)
    if (packed !== undefined) return { packed, unpacked: await unpack(packed, sha256, address) }
  }
  return undefined
}

async function fetchBytes(address: string): Promise<Uint8Array | undefined> {
  try {
    const response = await fetch(address, { signal: AbortSignal.timeout(PATIENCE) })
    return response.ok ? await boundedBytes(response) : undefined
  } catch {
    // No network, no such host, or it went quiet: the next mirror may do better.
    return undefined
  }
}

async function boundedBytes({ body }: Response): Promise<Uint8Array | undefined> {
  if (body === null) return undefined
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > MOST_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

async function unpack(packed: Uint8Array, sha256: string, from: string): Promise<Uint8Array> {
  let unpacked: Uint8Array
  try {
    unpacked = await promisify(gunzip)(packed, { maxOutputLength: MOST_BYTES })
  } catch (cause) {
    throw new ReproduceError(`${from} cannot be unpacked: it is not a gzip file of MNIST`, { cause })
  }
  requireDigest(unpacked, sha256, `${from}, unpacked,`)
  return unpacked
}

function images(files: ReadonlyMap<string, Uint8Array>, part: 'train' | 't10k'): Images {
  const { shape, values } = readIdx(required(files, `${part}-images-idx3-ubyte`))
  const labels = readIdx(required(files, `${part}-labels-idx1-ubyte`)).values
  return { pixels: Array.from({ length: shape[0] }, (_, i) => padded(values, i)), labels }
}

function required(files: ReadonlyMap<string, Uint8Array>, name: string): Uint8Array {
  const file = files.get(name)
  if (file === undefined) throw new ReproduceError(`the recipe of the models names no ${name}`)
  return file
}

function padded(values: Uint8Array, image: number): Float32Array {
  const pixels = new Float32Array(PADDED * PADDED)
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      pixels[(y + BORDER) * PADDED + x + BORDER] = values[(image * SIDE + y) * SIDE + x] / 255
    }
  }
  return pixels
}

/**
 * An idx file of bytes: two zeros, 8 for bytes, the number of axes, each axis as a big-endian uint32, the values.
 *
 * @throws {ReproduceError} it is none
 */
export function readIdx(file: Uint8Array): { shape: number[]; values: Uint8Array } {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  if (file.length < 4 || view.getUint16(0) !== 0 || file[2] !== 8) {
    throw new ReproduceError('not an idx file of bytes: it does not begin with 00 00 08')
  }
  const head = 4 + 4 * file[3]
  if (file.length < head) throw new ReproduceError(`an idx file of ${file[3]} axes has a head of ${head} bytes`)
  const shape = Array.from({ length: file[3] }, (_, axis) => view.getUint32(4 + 4 * axis))
  const values = file.subarray(head)
  const size = shape.reduce((product, length) => product * length, 1)
  if (values.length !== size) {
    throw new ReproduceError(`an idx file of shape [${shape}] has ${size} values, got ${values.length}`)
  }
  return { shape, values }
}
