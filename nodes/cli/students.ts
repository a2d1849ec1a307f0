import type { StudentProfile } from '../../src/profiles/index.ts'
import type { OnnxModel } from '../../src/runtime/index.ts'
import { readText } from './profiles.ts'

/** A student, and what it is worth. */
export interface ReadStudent {
  profile: StudentProfile
  model: OnnxModel
}

/**
 * @param file what is known of the student, as JSON; its model lies beside it under the same name, with `.onnx`
 * @throws {InputFileError} the file cannot be read
 * @throws {InvalidStudentProfileError} it is none of a student; the message names the file
 */
export async function readStudent(file: string): Promise<ReadStudent> {
  const [text, { InvalidStudentProfileError, parseStudentProfile }] = await Promise.all([
    readText(file, 'profile of the student'),
    import('../../src/profiles/index.ts')
  ])
  try {
    return {
      profile: parseStudentProfile(text),
      model: { name: 'student', path: modelBeside(file) }
    }
  } catch (cause) {
    throw cause instanceof InvalidStudentProfileError
      ? new InvalidStudentProfileError(`${file}: ${cause.message}`, { cause })
      : cause
  }
}

/** The model that a profile is of. */
export function modelBeside(profile: string): string {
  return `${profile.replace(/\.json$/, '')}.onnx`
}
