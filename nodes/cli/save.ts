import { writeFile } from 'node:fs/promises'
import { OutputFileError } from './errors.ts'

/** @throws {OutputFileError} the file cannot be written */
export async function saveText(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, `${text}\n`)
  } catch (cause) {
    throw new OutputFileError(`cannot write ${file}: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
}
