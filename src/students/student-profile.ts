import { Ajv } from 'ajv'
import Type, { type Static } from 'typebox'
import type { Confidence } from '../codes/index.ts'
import { ascends, confidence, contentId, record, share } from './confidence-schema.ts'
import { InvalidStudentProfileError } from './errors.ts'

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
  error: Type.Number({ minimum: 0, description: '‖p − f‖² of logits without their class mean, mean over the queries' }),
  queries: Type.Integer({ minimum: 1, description: 'how many it was learned on' })
})

/**
 * What the answers of a student are worth beside those of a deployed model. Both are known by their content ids: it means
 * nothing for others.
 */
export type StudentProfile = Omit<Static<typeof schema>, 'confidence'> & { confidence: Confidence }

const ajv = new Ajv()
const validate = ajv.compile<StudentProfile>(schema)

/**
 * Reads what was written as JSON, and believes none of it.
 *
 * @throws {InvalidStudentProfileError} it is no JSON, or does not say what it must
 */
export function parseStudentProfile(text: string): StudentProfile {
  const written = parsed(text)
  if (!validate(written)) {
    const reason = ajv.errorsText(validate.errors, { dataVar: 'student' })
    throw new InvalidStudentProfileError(`not the profile of a student: ${reason}; calibrate the student again`)
  }
  if (!ascends(written.confidence)) {
    throw new InvalidStudentProfileError('the confidence of a student is made of ascending maps; calibrate it again')
  }
  return written
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new InvalidStudentProfileError('the profile of a student is JSON, and this is none', { cause })
  }
}
