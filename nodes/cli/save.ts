import { writeFile } from 'node:fs/promises'
import { OutputFileError } from './errors.ts'

/** @throws {OutputFileError} the file cannot be written */
export async function saveText(file: string, text: string): Promise<void> {
  await saveBytes(file, new TextEncoder().encode(`${text}\n`))
}

/** @throws {OutputFileError} the file cannot be written */
export async function saveBytes(file: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(file, bytes)
  } catch (cause) {
    throw new OutputFileError(`cannot write ${file}: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
}
