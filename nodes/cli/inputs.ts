import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Model } from '../../src/models/index.ts'
import { NpyFormatError, parseNpy, type Tensor } from '../../src/tensor/index.ts'
import { NoQueriesError } from '../errors.ts'
import { InputFileError } from './errors.ts'
import { type ImageOptions, imageFormat, imageQuery } from './images.ts'
import { numbersOf } from './predictions.ts'

/** A query, and what people call it. */
export interface NamedQuery {
  query: string
  tensor: Tensor
}

/** Input files that were read and found to be of a known kind; what they mean depends on the model. */
export type Inputs =
  | { kind: 'images'; files: Array<{ file: string; bytes: Uint8Array }> }
  | { kind: 'npy'; files: Array<{ file: string; tensor: Tensor }> }

/**
 * Reads input files: `.npy` batches, or PNG and JPEG images. What they are is told by their first bytes, not by their names.
 *
 * @throws {InputFileError} one is missing, unreadable or of another kind, or the kinds are mixed
 * @throws {NpyFormatError} a `.npy` file cannot be read
 * @throws {NoQueriesError} the batches have no rows
 */
export async function readInputs(files: readonly string[]): Promise<Inputs> {
  const read = await Promise.all(files.map(async file => ({ file, bytes: await readInput(file) })))
  const kinds = read.map(({ file, bytes }) => kindOf(file, bytes))
  const other = kinds.findIndex(kind => kind !== kinds[0])
  if (other > 0) {
    throw new InputFileError(
      `${files[0]} and ${files[other]} are of different kinds: give either .npy batches or images in one call`
    )
  }
  if (kinds[0] === 'images') {
    return { kind: 'images', files: read }
  }
  const batches = read.map(({ file, bytes }) => ({ file, tensor: parse(file, bytes) }))
  if (batches.every(({ tensor }) => tensor.size === 0)) {
    throw new NoQueriesError(`${files.join(', ')} has no rows, so there is no query: its first axis counts queries`)
  }
  return { kind: 'npy', files: batches }
}

/**
 * Makes the inputs queries of a model: an image is one, and so is each row of a batch.
 *
 * @throws {UsageError | InputFileError} the images do not fit the model, or cannot be decoded
 */
export async function queriesOf(inputs: Inputs, model: Model, options: ImageOptions): Promise<NamedQuery[]> {
  const [input] = model.signature.inputs
  if (inputs.kind === 'npy') {
    return npyQueries(inputs, model)
  }
  const format = imageFormat(input, options)
  return Promise.all(
    inputs.files.map(async ({ file, bytes }) => ({ query: file, tensor: await imageQuery(file, bytes, format) }))
  )
}

/**
 * The rows of batches as queries of a model.
 *
 * @throws {InputFileError} the inputs are images
 * @throws {NoQueriesError} there is no row
 */
export function npyQueries(inputs: Inputs, { signature }: Model): NamedQuery[] {
  if (inputs.kind === 'images') {
    throw new InputFileError(`${inputs.files[0].file} is an image: give a .npy file, its first axis counts queries`)
  }
  const queries = inputs.files.flatMap(({ file, tensor }) => rowsOf(file, tensor, signature.inputs[0].shape.length))
  if (queries.length === 0) {
    throw new NoQueriesError(`${inputs.files[0].file} has no rows, so there is no query: its first axis counts queries`)
  }
  return queries
}

async function readInput(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file)
  } catch (cause) {
    throw new InputFileError(`cannot read the input ${file}: ${cause instanceof Error ? cause.message : cause}`, {
      cause
    })
  }
}

const MAGIC: ReadonlyArray<{ kind: Inputs['kind']; start: readonly number[] }> = [
  { kind: 'npy', start: [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59] },
  { kind: 'images', start: [0x89, 0x50, 0x4e, 0x47] },
  { kind: 'images', start: [0xff, 0xd8, 0xff] }
]

function kindOf(file: string, bytes: Uint8Array): Inputs['kind'] {
  const known = MAGIC.find(({ start }) => start.every((byte, i) => bytes[i] === byte))
  if (known === undefined) {
    throw new InputFileError(`${file} is neither a .npy file nor a PNG or JPEG image`)
  }
  return known.kind
}

function parse(file: string, bytes: Uint8Array): Tensor {
  try {
    return parseNpy(bytes)
  } catch (cause) {
    throw cause instanceof NpyFormatError ? new NpyFormatError(`${file}: ${cause.message}`, { cause }) : cause
  }
}

/** The rows of a batch; a tensor without a batch axis is a single query. */
function rowsOf(file: string, tensor: Tensor, rank: number): NamedQuery[] {
  const name = path.basename(file)
  if (tensor.shape.length < rank) {
    return [{ query: name, tensor }]
  }
  const [count] = tensor.shape
  return Array.from({ length: count }, (_, row) => ({ query: `${name}[${row}]`, tensor: tensor.rows(row, row + 1) }))
}

/**
 * The true classes of queries, as a `.npy` file of one axis.
 *
 * @throws {InputFileError} it is none
 */
export async function readClasses(file: string): Promise<number[]> {
  const inputs = await readInputs([file])
  const tensor = inputs.kind === 'npy' ? inputs.files[0].tensor : undefined
  const classes = tensor && numbersOf(tensor)
  if (tensor?.shape.length !== 1 || classes?.every(each => Number.isInteger(each) && each >= 0) !== true) {
    throw new InputFileError(
      `${file} is no list of classes: labels are a .npy file of one axis, a whole number a query`
    )
  }
  return classes
}
