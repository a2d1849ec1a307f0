import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { contentIdOf, type ModelId } from '../models/index.ts'
import { ModelLoadError } from './errors.ts'

/** A model file as it was when it was hashed. */
export interface ModelFile {
  id: ModelId
  name: string
  path: string
  /** Size, modification time and inode: another stamp, another file. */
  stamp: string
}

/**
 * Hashes a model file. ONNX Runtime opens the path again by itself (a session from bytes in memory takes twice the
 * memory), so {@link checkUnchanged} must follow once it has loaded the file.
 *
 * @throws {ModelLoadError} it cannot be read
 */
export async function readModelFile(name: string, path: string): Promise<ModelFile> {
  try {
    const stamp = await stampOf(path)
    const id = await contentIdOf(createReadStream(path))
    return { id, name, path, stamp }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ModelLoadError(
      `cannot read model '${name}' from ${path}: ${reason}. Check the path and its permissions`,
      {
        cause
      }
    )
  }
}

/** @throws {ModelLoadError} the file was changed since it was hashed, so its id may not be that of what was loaded */
export async function checkUnchanged({ name, path, stamp }: ModelFile): Promise<void> {
  const now = await stampOf(path).catch(() => 'gone')
  if (now !== stamp) {
    throw new ModelLoadError(`the file ${path} of model '${name}' was changed while it was loaded: start again`)
  }
}

async function stampOf(path: string): Promise<string> {
  const { size, mtimeNs, ino } = await stat(path, { bigint: true })
  return `${size} ${mtimeNs} ${ino}`
}
