import { InvalidCompanionProfileError } from '../../src/companions/index.ts'
import { readText } from './profiles.ts'

/**
 * The profile of a companion, if a file is given.
 *
 * @throws {InputFileError} the file cannot be read
 * @throws {InvalidCompanionProfileError} it is not such a profile; the message names the file
 */
export async function readCompanion<T>(file: string, parse: (text: string) => T): Promise<T>
export async function readCompanion<T>(file: string | undefined, parse: (text: string) => T): Promise<T | undefined>
export async function readCompanion<T>(file: string | undefined, parse: (text: string) => T): Promise<T | undefined> {
  if (file === undefined) {
    return undefined
  }
  const text = await readText(file, 'profile of the companion')
  try {
    return parse(text)
  } catch (cause) {
    throw cause instanceof InvalidCompanionProfileError
      ? new InvalidCompanionProfileError(`${file}: ${cause.message}`, { cause })
      : cause
  }
}
