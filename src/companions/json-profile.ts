import { Ajv, type ValidateFunction } from 'ajv'
import Type, { type TProperties, type TSchema } from 'typebox'
import type { MonotoneMap } from '../codes/index.ts'
import { InvalidCompanionProfileError } from './errors.ts'

const ajv = new Ajv()

export const contentId = Type.String({ pattern: '^[0-9a-f]{64}$' })
export const outputName = Type.String({ minLength: 1 })
export const share = Type.Number({ minimum: 0, maximum: 1 })
export const squaredError = Type.Number({ minimum: 0 })

/** An object of these properties and no others: an entry that is not understood might change what the rest means. */
export function record<T extends TProperties>(properties: T, description?: string) {
  return Type.Object(properties, { additionalProperties: false, ...(description && { description }) })
}

export function monotoneMap<T extends TSchema>(to: T) {
  return record({ from: Type.Array(Type.Number(), { minItems: 1 }), to: Type.Array(to, { minItems: 1 }) })
}

/** Does the map ascend, as {@link MonotoneMap} promises? */
export function ascending({ from, to }: MonotoneMap): boolean {
  const ascends = (values: readonly number[]) => values.every((value, i) => i === 0 || value >= values[i - 1])
  return from.length === to.length && ascends(from) && ascends(to)
}

export function validator<T>(schema: TSchema): ValidateFunction<T> {
  return ajv.compile<T>(schema)
}

/**
 * Reads what was written as JSON, and believes none of it.
 *
 * @param what it is the profile of, for people
 * @throws {InvalidCompanionProfileError} it is no JSON, or not what the schema says
 */
export function readProfile<T>(text: string, validate: ValidateFunction<T>, what: string): T {
  const written = parsed(text, what)
  if (!validate(written)) {
    const reason = ajv.errorsText(validate.errors, { dataVar: 'profile' })
    throw new InvalidCompanionProfileError(`not the profile of ${what}: ${reason}; calibrate again`)
  }
  return written
}

function parsed(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new InvalidCompanionProfileError(`the profile of ${what} is JSON, and this is none`, { cause })
  }
}
