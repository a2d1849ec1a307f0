import Type, { type TProperties, type TSchema } from 'typebox'
import type { Confidence, MonotoneMap } from '../codes/index.ts'

export const share = Type.Number({ minimum: 0, maximum: 1 })
export const contentId = Type.String({ pattern: '^[0-9a-f]{64}$' })

export function record<T extends TProperties>(properties: T) {
  return Type.Object(properties, { additionalProperties: false })
}

function monotoneMap<T extends TSchema>(to: T) {
  return record({ from: Type.Array(Type.Number(), { minItems: 1 }), to: Type.Array(to, { minItems: 1 }) })
}

/** Of {@link Confidence}; that its maps ascend is for {@link ascends} to say. */
export const confidence = record({
  scale: Type.Number({ exclusiveMinimum: 0 }),
  agreement: monotoneMap(share),
  error: monotoneMap(Type.Number({ minimum: 0 }))
})

export function ascends({ agreement, error }: Pick<Confidence, 'agreement' | 'error'>): boolean {
  const ascending = (values: readonly number[]) => values.every((value, i) => i === 0 || value >= values[i - 1])
  return [agreement, error].every(({ from, to }: MonotoneMap) => {
    return from.length === to.length && ascending(from) && ascending(to)
  })
}
