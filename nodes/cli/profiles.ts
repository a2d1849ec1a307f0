import { readFile } from 'node:fs/promises'
import { InvalidProfileError, type Profile, parseProfile } from '../../src/codes/index.ts'
import { ProfileMismatchError } from '../errors.ts'
import { InputFileError } from './errors.ts'

/**
 * @throws {InputFileError} the file cannot be read
 * @throws {InvalidProfileError} it is no profile; the message names the file
 */
export async function readProfile(file: string): Promise<Profile> {
  const text = await readText(file, 'profile')
  try {
    return parseProfile(text)
  } catch (cause) {
    throw cause instanceof InvalidProfileError ? new InvalidProfileError(`${file}: ${cause.message}`, { cause }) : cause
  }
}

/**
 * The plans of all files as one profile.
 *
 * @throws {ProfileMismatchError} they are of different models or outputs
 * @throws as {@link readProfile}
 */
export async function readProfiles(files: readonly string[]): Promise<Profile> {
  const [first, ...others] = await Promise.all(files.map(readProfile))
  others.forEach(({ model, output }, i) => {
    if (model !== first.model || output !== first.output) {
      throw new ProfileMismatchError(
        `${files[i + 1]} is of output ${output} of the model ${model.slice(0, 12)}, and ${files[0]} of output ${first.output} of ${first.model.slice(0, 12)}: plans of one model compare`
      )
    }
  })
  const accuracy = [first, ...others].find(profile => profile.accuracy !== undefined)?.accuracy
  return { ...first, accuracy, plans: [first, ...others].flatMap(({ plans }) => plans) }
}

/** @throws {InputFileError} the file cannot be read */
export async function readText(file: string, what: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new InputFileError(`cannot read the ${what} ${file}: ${cause instanceof Error ? cause.message : cause}`, {
      cause
    })
  }
}
