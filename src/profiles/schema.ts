import Type, { type TProperties, type TSchema } from 'typebox'
import type { MonotoneMap } from '../codes/index.ts'

export const contentId = Type.String({ pattern: '^[0-9a-f]{64}$' })
export const outputName = Type.String({ minLength: 1 })
export const share = Type.Number({ minimum: 0, maximum: 1 })
/** Absent from profiles of earlier versions: then all that disagrees counts as lost. */
export const regret = Type.Optional(
  Type.Number({
    minimum: 0,
    description:
      'what it costs to take its classes in place of those of the model, by the probabilities of that; 1 − 1/classes for a guess'
  })
)
export const squaredError = Type.Number({ minimum: 0 })

/** An object of these properties and no others: an entry that is not understood might change what the rest means. */
export function record<T extends TProperties>(properties: T, description?: string) {
  return Type.Object(properties, { additionalProperties: false, ...(description && { description }) })
}

/** That it ascends is for {@link ascending} to say. */
export function monotoneMap<T extends TSchema>(to: T) {
  return record({ from: Type.Array(Type.Number(), { minItems: 1 }), to: Type.Array(to, { minItems: 1 }) })
}

/** What the answers of a classifier are worth, one by one. */
export const confidence = record({
  scale: Type.Number({ exclusiveMinimum: 0 }),
  agreement: monotoneMap(share),
  error: monotoneMap(squaredError)
})

/** Do the maps ascend, as {@link MonotoneMap} promises? */
export function ascending(...maps: MonotoneMap[]): boolean {
  const ascends = (values: readonly number[]) => values.every((value, i) => i === 0 || value >= values[i - 1])
  return maps.every(({ from, to }) => from.length === to.length && ascends(from) && ascends(to))
}
