import { readFile, stat } from 'node:fs/promises'
import { checkModelFile, contentId, type ModelId } from '../models/index.ts'
import { ModelLoadError } from './errors.ts'

/** A model file as it was when it was hashed. */
export interface ModelFile {
  id: ModelId
  name: string
  path: string
  /** Its size. */
  bytes: number
  /** Size, modification time and inode: another stamp, another file. */
  stamp: string
}

/**
 * Hashes a model file, and checks that it is safe to give to ONNX Runtime, which opens the path again by itself (a session
 * from bytes in memory takes twice the memory): {@link checkUnchanged} must follow once it has loaded the file.
 *
 * @throws {ModelLoadError} it cannot be read, is no ONNX file, or has something that is refused; the cause says which
 */
export async function readModelFile(name: string, path: string): Promise<ModelFile> {
  try {
    const stamp = await stampOf(path)
    const file = await readFile(path)
    checkModelFile(file)
    return { id: contentId(file), name, path, bytes: file.length, stamp }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ModelLoadError(`cannot load model '${name}' from ${path}: ${reason}`, { cause })
  }
}

/** @throws {ModelLoadError} the file was changed since it was hashed, so its id may not be that of what was loaded */
export async function checkUnchanged({ name, path, stamp }: ModelFile): Promise<void> {
  const now = await stampOf(path).catch(() => 'gone')
  if (now !== stamp) {
    throw new ModelLoadError(`the file ${path} of model '${name}' was changed after it was hashed: start again`)
  }
}

async function stampOf(path: string): Promise<string> {
  const { size, mtimeNs, ino } = await stat(path, { bigint: true })
  return `${size} ${mtimeNs} ${ino}`
}
