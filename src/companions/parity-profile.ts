import { Ajv } from 'ajv'
import Type, { type Static } from 'typebox'
import { type MonotoneMap, mostParities } from '../codes/index.ts'
import { InvalidCompanionProfileError } from './errors.ts'
import type { ParityWorth } from './parity-worth.ts'

const closed = { additionalProperties: false }
const contentId = Type.String({ pattern: '^[0-9a-f]{64}$' })
const name = Type.String({ minLength: 1 })
const share = Type.Number({ minimum: 0, maximum: 1 })

const schema = Type.Object(
  {
    version: Type.Literal(1),
    model: contentId,
    output: Type.String({ minLength: 1, description: 'of the model, that the parity models have learned' }),
    k: Type.Integer({ minimum: 2, description: 'queries in a group' }),
    parities: Type.Array(Type.Object({ model: contentId, output: name }, closed), { minItems: 1 }),
    missing: Type.Array(
      Type.Object(
        {
          error: Type.Number({ minimum: 0 }),
          agreement: Type.Optional(
            Type.Object(
              {
                mean: share,
                byLead: Type.Object(
                  { from: Type.Array(Type.Number(), { minItems: 1 }), to: Type.Array(share, { minItems: 1 }) },
                  closed
                )
              },
              closed
            )
          )
        },
        closed
      ),
      { description: 'what a prediction is worth if one is missing, two are, and so on up to as many as parity models' }
    ),
    groups: Type.Integer({ minimum: 1, description: 'how many it was learned on' })
  },
  closed
)

/** The parity models of a deployed model, and what is to be expected of them. Models are known by their content ids. */
export type ParityProfile = Omit<Static<typeof schema>, 'missing'> & { missing: ParityWorth[] }

const ajv = new Ajv()
const validate = ajv.compile<ParityProfile>(schema)

/**
 * Reads what was written as JSON, and believes none of it.
 *
 * @throws {InvalidCompanionProfileError} it is no JSON, or does not say what it must
 */
export function parseParityProfile(text: string): ParityProfile {
  const written = parsed(text)
  if (!validate(written)) {
    const reason = ajv.errorsText(validate.errors, { dataVar: 'parity' })
    throw new InvalidCompanionProfileError(`not the profile of parity models: ${reason}; calibrate them again`)
  }
  const { k, parities, missing } = written
  if (parities.length > mostParities(k) || missing.length !== parities.length) {
    throw new InvalidCompanionProfileError(
      `groups of ${k} have up to ${mostParities(k)} parity models, each with what it is worth; got ${parities.length} models and ${missing.length} worths`
    )
  }
  if (missing.some(({ agreement }) => agreement !== undefined && !ascending(agreement.byLead))) {
    throw new InvalidCompanionProfileError('an agreement of parity models is an ascending map; calibrate them again')
  }
  return written
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new InvalidCompanionProfileError('the profile of parity models is JSON, and this is none', { cause })
  }
}

function ascending({ from, to }: MonotoneMap): boolean {
  const ascends = (values: readonly number[]) => values.every((value, i) => i === 0 || value >= values[i - 1])
  return from.length === to.length && ascends(from) && ascends(to)
}
