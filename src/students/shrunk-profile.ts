import { Ajv } from 'ajv'
import Type, { type Static } from 'typebox'
import type { Confidence } from '../codes/index.ts'
import { ascends, confidence, contentId, record, share } from './confidence-schema.ts'
import { InvalidShrunkProfileError } from './errors.ts'

const pixels = Type.Integer({ minimum: 1, maximum: 65_536 })

const schema = record({
  version: Type.Literal(1),
  model: contentId,
  description: contentId,
  output: Type.String({ minLength: 1, description: 'of the model: logits' }),
  shape: record({ channels: pixels, height: pixels, width: pixels }),
  view: record({ height: pixels, width: pixels, seen: Type.Number({ exclusiveMinimum: 0, maximum: 1 }) }),
  together: Type.Integer({ minimum: 1, description: 'queries that share a run' }),
  confidence,
  agreement: share,
  error: Type.Number({ minimum: 0, description: '‖p − f‖² of logits without their class mean, mean over the queries' }),
  queries: Type.Integer({ minimum: 1, description: 'how many it was learned on' })
})

/**
 * How workers describe several queries in one run of a description model, and what that is worth beside the answers of the deployed
 * model. Both are known by their content ids: it means nothing for others.
 */
export type ShrunkProfile = Omit<Static<typeof schema>, 'confidence'> & { confidence: Confidence }

const ajv = new Ajv()
const validate = ajv.compile<ShrunkProfile>(schema)

/**
 * Reads what was written as JSON, and believes none of it.
 *
 * @throws {InvalidShrunkProfileError} it is no JSON, or does not say what it must
 */
export function parseShrunkProfile(text: string): ShrunkProfile {
  const written = parsed(text)
  if (!validate(written) || !ascends(written.confidence)) {
    const reason = ajv.errorsText(validate.errors, { dataVar: 'description' })
    throw new InvalidShrunkProfileError(`not the profile of a description: ${reason}; calibrate it again`)
  }
  return written
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new InvalidShrunkProfileError('the profile of a description is JSON, and this is none', { cause })
  }
}
