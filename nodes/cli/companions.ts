import type * as Profiles from '../../src/profiles/index.ts'
import { readText } from './profiles.ts'

/** Which profile it is, of those that are loaded to read one. */
type ParserOf<T> = (profiles: typeof Profiles) => (text: string) => T

/**
 * The profile of a companion, if a file is given.
 *
 * @throws {InputFileError} the file cannot be read
 * @throws {InvalidCompanionProfileError | InvalidExitsProfileError | InvalidShrunkProfileError} it is not such a profile; the message
 * names the file
 */
export async function readCompanion<T>(file: string, parser: ParserOf<T>): Promise<T>
export async function readCompanion<T>(file: string | undefined, parser: ParserOf<T>): Promise<T | undefined>
export async function readCompanion<T>(file: string | undefined, parser: ParserOf<T>): Promise<T | undefined> {
  if (file === undefined) {
    return undefined
  }
  const [text, profiles] = await Promise.all([
    readText(file, 'profile of the companion'),
    import('../../src/profiles/index.ts')
  ])
  try {
    return parser(profiles)(text)
  } catch (cause) {
    const { InvalidCompanionProfileError, InvalidExitsProfileError, InvalidShrunkProfileError } = profiles
    const Invalid = [InvalidCompanionProfileError, InvalidExitsProfileError, InvalidShrunkProfileError].find(
      each => cause instanceof each
    )
    throw Invalid && cause instanceof Error ? new Invalid(`${file}: ${cause.message}`, { cause }) : cause
  }
}
