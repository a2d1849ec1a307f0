import Type, { type Static } from 'typebox'
import type { Confidence } from '../codes/index.ts'
import { InvalidExitsProfileError } from './errors.ts'
import { profileReader } from './profile-reader.ts'
import { ascending, confidence, contentId, record, regret, share } from './schema.ts'

const exit = record({
  output: Type.String({ minLength: 1 }),
  at: Type.Number({
    exclusiveMinimum: 0,
    exclusiveMaximum: 1,
    description: "share of the model's multiply-adds that are done when it speaks"
  }),
  confidence,
  agreements: Type.Array(share, {
    minItems: 1,
    description: 'expected of what it says over the queries: quantiles evenly apart, ascending'
  }),
  regret,
  error: Type.Number({ minimum: 0, description: '‖p − f‖² of logits without their class mean, mean over the queries' })
})

const schema = record({
  version: Type.Literal(1),
  model: contentId,
  output: Type.String({ minLength: 1, description: 'of the model: logits' }),
  exits: Type.Array(exit, { minItems: 1 }),
  queries: Type.Integer({ minimum: 1, description: 'how many it was learned on' })
})

type Exit = Omit<Static<typeof exit>, 'confidence'> & { confidence: Confidence }

/** What the exits of a model are worth beside its own answers. It is known by its content id: this means nothing for others. */
export type ExitsProfile = Omit<Static<typeof schema>, 'exits'> & { exits: Exit[] }

const read = profileReader<ExitsProfile>({ schema, of: 'exits', Invalid: InvalidExitsProfileError })

/** @throws {InvalidExitsProfileError} it is no JSON, or does not say what it must */
export function parseExitsProfile(text: string): ExitsProfile {
  const profile = read(text)
  if (!profile.exits.every(({ confidence: { agreement, error } }) => ascending(agreement, error))) {
    throw new InvalidExitsProfileError('the confidence of an exit is made of ascending maps; calibrate it again')
  }
  return profile
}
