import type { ParityFacts } from '../src/advisor/index.ts'
import { cachedDecoder, floatsOf, linearDecoder, parm } from '../src/codes/index.ts'
import { mosaic, parityQuality, tilesOf } from '../src/companions/index.ts'
import type { CalibratedPlan, LearnedEncoder, PlanSpec } from '../src/inference/index.ts'
import { contentId, type Model, type NamedTensors } from '../src/models/index.ts'
import type { ParityProfile } from '../src/profiles/index.ts'
import type { CodedOptions } from './coded-inference.ts'
import { InvalidOptionError, ProfileMismatchError } from './errors.ts'
import { rowsTogether } from './queries.ts'

/**
 * What the profile of parity models says of a plan.
 *
 * @param asked what is asked for all the same, and must be that
 * @throws {ProfileMismatchError} it is not
 */
export function parityOptions(
  { k, output, parities }: ParityProfile,
  asked: Pick<CodedOptions, 'k' | 'n' | 'output'> & { code?: string }
) {
  const says = { code: 'parm', k, n: k + parities.length, output }
  for (const name of ['code', 'k', 'n', 'output'] as const) {
    if (asked[name] !== undefined && asked[name] !== says[name]) {
      throw new ProfileMismatchError(
        `the parity models are for ${name} ${says[name]}, and ${asked[name]} is asked for: leave ${name} out, or give others`
      )
    }
  }
  return { ...says, code: { name: 'parm' } } as const
}

/**
 * What the advisor is to know of parity models.
 *
 * @param output whose errors are compared: of those of another output nothing is known
 */
export function parityFacts({ k, output: learned, missing, groups }: ParityProfile, output: string): ParityFacts {
  return {
    k,
    missing: missing.map(({ error, agreement }) => ({
      agreement: agreement?.mean,
      ...(learned === output && { mse: error })
    })),
    groups
  }
}

/** The options with all that the profile of parity models says; without one as they are. */
export function withParities(options: CodedOptions): CodedOptions {
  const { parity, code, k, n, output, stragglers } = options
  if (parity === undefined) {
    return options
  }
  const asked = { k, n, output, code: typeof code === 'object' ? code.name : code }
  // They are there for as many stragglers.
  return { ...options, ...parityOptions(parity, asked), stragglers: stragglers ?? parity.parities.length }
}

/** @throws {InvalidOptionError} the code needs parity models, and there are none */
export function requireParities(code: string | undefined, parity: ParityProfile | undefined): void {
  if (code === 'parm' && parity === undefined) {
    throw new InvalidOptionError(
      'code parm needs parity models: train them, have workers serve them, and give their profile (docs/companions.md)'
    )
  }
}

/** How each profile in use decodes: one for all calls that give it. */
const made = new WeakMap<ParityProfile, CalibratedPlan>()

/**
 * What a plan has of parity models.
 *
 * @param companions the small models that the master can run by itself
 * @throws {ProfileMismatchError} they are of another model, or their encoder is none of the companions
 */
export function parityPlan(
  parity: ParityProfile,
  { id, name, signature }: Model,
  companions: readonly Model[]
): Pick<PlanSpec, 'parities' | 'calibrated'> {
  if (parity.model !== id) {
    throw new ProfileMismatchError(
      `the parity models are of the model ${parity.model.slice(0, 12)}, and '${name}' is ${id.slice(0, 12)}: train them for this one`
    )
  }
  const calibrated = made.get(parity) ?? decoding(parity)
  made.set(parity, calibrated)
  const [{ name: input }] = signature.inputs
  const encoder = parity.encoder && ownEncoder(parity.encoder, input, companions)
  const feed = parity.concatenated && concatenating(input, parity.k)
  return { parities: parity.parities.map(each => ({ ...each, encoder, feed })), calibrated }
}

/** A group of images as tiles of one. */
function concatenating(input: string, k: number): (queries: readonly NamedTensors[]) => NamedTensors {
  return queries => ({
    [input]: mosaic(
      queries.map(query => query[input]),
      tilesOf(k)
    )
  })
}

/** @throws {ProfileMismatchError} it is none of the companions */
function ownEncoder(
  { model, output }: NonNullable<ParityProfile['encoder']>,
  input: string,
  companions: readonly Model[]
): LearnedEncoder {
  const encoder = companions.find(({ id }) => id === model)
  if (encoder === undefined) {
    throw new ProfileMismatchError(
      `the parity queries are made by the encoder ${model.slice(0, 12)}: start this peer with that model among its companions`
    )
  }
  const [{ name }] = encoder.signature.inputs
  return {
    model,
    output,
    feed: queries => ({ [name]: rowsTogether(queries.map(query => query[input])) }),
    read: coded => ({ [input]: coded })
  }
}

function decoding(profile: ParityProfile): CalibratedPlan {
  const { k, parities, missing } = profile
  return {
    id: contentId(new TextEncoder().encode(JSON.stringify(profile))),
    decoder: cachedDecoder(linearDecoder(parm({ k, n: k + parities.length }))),
    assess({ exact, recoverable }, predictions) {
      const reconstructed = recoverable.filter((can, q) => can && !exact[q]).length
      return predictions.map((prediction, q) =>
        prediction === undefined || exact[q]
          ? undefined
          : parityQuality(missing[reconstructed - 1], floatsOf(prediction))
      )
    },
    suspects: () => []
  }
}
