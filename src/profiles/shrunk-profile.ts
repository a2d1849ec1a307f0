import Type, { type Static } from 'typebox'
import type { Confidence } from '../codes/index.ts'
import { InvalidShrunkProfileError } from './errors.ts'
import { profileReader } from './profile-reader.ts'
import { ascending, confidence, contentId, record, regret, share } from './schema.ts'

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
  regret,
  error: Type.Number({ minimum: 0, description: '‖p − f‖² of logits without their class mean, mean over the queries' }),
  queries: Type.Integer({ minimum: 1, description: 'how many it was learned on' })
})

/**
 * How workers describe several queries in one run of a description model, and what that is worth beside the answers of the deployed
 * model. Both are known by their content ids: it means nothing for others.
 */
export type ShrunkProfile = Omit<Static<typeof schema>, 'confidence'> & { confidence: Confidence }

const read = profileReader<ShrunkProfile>({ schema, of: 'a description', Invalid: InvalidShrunkProfileError })

/** @throws {InvalidShrunkProfileError} it is no JSON, or does not say what it must */
export function parseShrunkProfile(text: string): ShrunkProfile {
  const profile = read(text)
  const { agreement, error } = profile.confidence
  if (!ascending(agreement, error)) {
    throw new InvalidShrunkProfileError('the confidence of a description is made of ascending maps; calibrate it again')
  }
  return profile
}
