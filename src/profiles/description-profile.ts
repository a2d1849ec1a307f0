import Type, { type Static } from 'typebox'
import type { Confidence } from '../codes/index.ts'
import { InvalidCompanionProfileError } from './errors.ts'
import { profileReader } from './profile-reader.ts'
import { ascending, confidence, contentId, outputName, record, regret } from './schema.ts'

const schema = record({
  version: Type.Literal(1),
  model: contentId,
  output: Type.String({ minLength: 1, description: 'of the model: logits' }),
  description: contentId,
  descriptionOutput: outputName,
  side: Type.Integer({
    minimum: 2,
    description: 'queries to a side of a mosaic; as many rows as its square are given'
  }),
  confidence,
  agreement: Type.Number({ minimum: 0, maximum: 1, description: 'how often its class is the one of the model, mean' }),
  regret,
  error: Type.Number({ minimum: 0, description: '‖p − f‖² of logits without their class mean, mean' }),
  groups: Type.Integer({ minimum: 1, description: 'how many it was learned on' })
})

/** A model that answers a mosaic of queries in one run, and what its answers are worth. Models are known by their content ids. */
export type DescriptionProfile = Omit<Static<typeof schema>, 'confidence'> & { confidence: Confidence }

const read = profileReader<DescriptionProfile>({ schema, of: 'a description', Invalid: InvalidCompanionProfileError })

/** @throws {InvalidCompanionProfileError} the text is no JSON, or does not say what it must */
export function parseDescriptionProfile(text: string): DescriptionProfile {
  const profile = read(text)
  const { agreement, error } = profile.confidence
  if (!ascending(agreement, error)) {
    throw new InvalidCompanionProfileError(
      'the confidence of a description is made of ascending maps; calibrate it again'
    )
  }
  return profile
}
