import Type, { type Static } from 'typebox'
import { type MonotoneMap, mostParities } from '../codes/index.ts'
import { InvalidCompanionProfileError } from './errors.ts'
import { profileReader } from './profile-reader.ts'
import { ascending, contentId, monotoneMap, outputName, record, share, squaredError } from './schema.ts'

const schema = record({
  version: Type.Literal(1),
  model: contentId,
  output: Type.String({ minLength: 1, description: 'of the model, that the parity models have learned' }),
  k: Type.Integer({ minimum: 2, description: 'queries in a group' }),
  parities: Type.Array(record({ model: contentId, output: outputName }), { minItems: 1 }),
  encoder: Type.Optional(
    record(
      { model: contentId, output: outputName },
      'of the master, that makes the parity query of a group, for the one parity model'
    )
  ),
  concatenated: Type.Optional(
    Type.Literal(true, { description: 'the images of a group are tiles of its parity query, which else is their mean' })
  ),
  missing: Type.Array(
    record({
      error: squaredError,
      agreement: Type.Optional(record({ mean: share, byLead: monotoneMap(share) }))
    }),
    { description: 'what a prediction is worth if one is missing, two are, and so on up to as many as parity models' }
  ),
  groups: Type.Integer({ minimum: 1, description: 'how many it was learned on' })
})

/** What predictions that parity models reconstruct are worth, so many of a group being missing. */
export interface ParityWorth {
  /** ‖p − f‖² summed over outputs, mean. */
  error: number
  /** For classifiers: how often their class is the one that the model itself gives. */
  agreement?: {
    mean: number
    /** By the lead of the largest output over the next. */
    byLead: MonotoneMap
  }
}

/** The parity models of a deployed model, and what is to be expected of them. Models are known by their content ids. */
export type ParityProfile = Omit<Static<typeof schema>, 'missing'> & { missing: ParityWorth[] }

const read = profileReader<ParityProfile>({ schema, of: 'parity models', Invalid: InvalidCompanionProfileError })

/** @throws {InvalidCompanionProfileError} the text is no JSON, or does not say what it must */
export function parseParityProfile(text: string): ParityProfile {
  const profile = read(text)
  const { k, parities, missing } = profile
  if (parities.length > mostParities(k) || missing.length !== parities.length) {
    throw new InvalidCompanionProfileError(
      `groups of ${k} have up to ${mostParities(k)} parity models, each with what it is worth; got ${parities.length} models and ${missing.length} worths`
    )
  }
  if (profile.encoder !== undefined && parities.length > 1) {
    throw new InvalidCompanionProfileError(
      `an encoder makes one parity query, got ${parities.length} parity models beside one`
    )
  }
  if (profile.encoder !== undefined && profile.concatenated) {
    throw new InvalidCompanionProfileError('a parity query is concatenated or made by an encoder, not both')
  }
  if (missing.some(({ agreement }) => agreement !== undefined && !ascending(agreement.byLead))) {
    throw new InvalidCompanionProfileError('an agreement of parity models is an ascending map; calibrate them again')
  }
  return profile
}
