import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { list } from 'tar'
import { MissingDataError, ReproduceError } from './errors.ts'

/**
 * A file of a data folder, which stands there under `data/` or directly.
 *
 * @param file its path, like `mnist/t10k-labels-idx1-ubyte.gz`
 * @returns its content, and where it was found
 * @throws {MissingDataError} there is no folder, or the file is not in it
 */
export async function dataFile(
  folder: string | undefined,
  file: string
): Promise<{ found: string; content: Uint8Array }> {
  if (folder === undefined) throw new MissingDataError(`no ${file}: give the folder that has it by --data`)
  const candidates = [path.join(folder, 'data', file), path.join(folder, file)]
  for (const found of candidates) {
    const content = await readIfThere(found)
    if (content !== undefined) return { found, content }
  }
  throw new MissingDataError(`no ${file}: expected ${candidates.join(' or ')}`)
}

/**
 * As {@link dataFile}, known by its content.
 *
 * @throws {ReproduceError} it has another sha-256
 */
export async function knownFile(folder: string | undefined, file: string, sha256: string): Promise<Uint8Array> {
  const { found, content } = await dataFile(folder, file)
  requireDigest(content, sha256, found)
  return content
}

/** @throws {ReproduceError} the content has another sha-256 */
export function requireDigest(content: Uint8Array, sha256: string, from: string): void {
  const digest = createHash('sha256').update(content).digest('hex')
  if (digest !== sha256) {
    throw new ReproduceError(`${from} is not the known file: it should have sha-256 ${sha256}, it has ${digest}`)
  }
}

export async function readIfThere(file: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(file)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** The files of a tar archive that pass, in the order of their names. */
export async function unpacked(
  archive: Uint8Array,
  passes: (name: string) => boolean
): Promise<{ name: string; content: Uint8Array }[]> {
  const files: { name: string; content: Promise<Uint8Array> }[] = []
  const parser = list({
    filter: passes,
    onReadEntry: entry => {
      files.push({ name: entry.path, content: entry.concat() })
    }
  })
  const ended = new Promise((resolve, reject) => {
    parser.on('end', resolve)
    parser.on('error', reject)
  })
  parser.end(Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength))
  await ended
  files.sort((a, b) => (a.name < b.name ? -1 : 1))
  return Promise.all(files.map(async ({ name, content }) => ({ name, content: await content })))
}
