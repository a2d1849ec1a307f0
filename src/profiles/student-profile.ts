import Type, { type Static } from 'typebox'
import type { Confidence } from '../codes/index.ts'
import { InvalidStudentProfileError } from './errors.ts'
import { profileReader } from './profile-reader.ts'
import { ascending, confidence, contentId, record, regret, share } from './schema.ts'

const schema = record({
  version: Type.Literal(1),
  model: contentId,
  student: contentId,
  output: Type.String({ minLength: 1, description: 'of the model: logits' }),
  studentOutput: Type.String({ minLength: 1 }),
  width: Type.Integer({ minimum: 2, description: 'how many classes there are' }),
  cost: Type.Number({ minimum: 0, description: 'time of the student on a query, as a share of that of the model' }),
  confidence,
  agreements: Type.Array(share, {
    minItems: 1,
    description: 'expected of its answers over the queries: quantiles evenly apart, ascending'
  }),
  regret,
  error: Type.Number({ minimum: 0, description: '‖p − f‖² of logits without their class mean, mean over the queries' }),
  queries: Type.Integer({ minimum: 1, description: 'how many it was learned on' })
})

/**
 * What the answers of a student are worth beside those of a deployed model. Both are known by their content ids: it means
 * nothing for others.
 */
export type StudentProfile = Omit<Static<typeof schema>, 'confidence'> & { confidence: Confidence }

const read = profileReader<StudentProfile>({ schema, of: 'a student', Invalid: InvalidStudentProfileError })

/** @throws {InvalidStudentProfileError} it is no JSON, or does not say what it must */
export function parseStudentProfile(text: string): StudentProfile {
  const profile = read(text)
  const { agreement, error } = profile.confidence
  if (!ascending(agreement, error)) {
    throw new InvalidStudentProfileError('the confidence of a student is made of ascending maps; calibrate it again')
  }
  return profile
}
