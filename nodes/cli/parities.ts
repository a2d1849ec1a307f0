import { InvalidCompanionProfileError, type ParityProfile, parseParityProfile } from '../../src/companions/index.ts'
import { readText } from './profiles.ts'

/**
 * @throws {InputFileError} the file cannot be read
 * @throws {InvalidCompanionProfileError} it is none of parity models; the message names the file
 */
export async function readParities(file: string): Promise<ParityProfile> {
  const text = await readText(file, 'profile of the parity models')
  try {
    return parseParityProfile(text)
  } catch (cause) {
    throw cause instanceof InvalidCompanionProfileError
      ? new InvalidCompanionProfileError(`${file}: ${cause.message}`, { cause })
      : cause
  }
}
