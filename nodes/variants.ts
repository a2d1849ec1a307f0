import { Ajv } from 'ajv'
import Type, { type Static } from 'typebox'
import type { Variants } from '../src/models/index.ts'
import { InvalidVariantsError } from './errors.ts'

const Declared = Type.Object(
  {
    version: Type.Literal(1),
    name: Type.String({ minLength: 1 }),
    tolerance: Type.Number({ minimum: 0 }),
    variants: Type.Array(
      Type.Object(
        { id: Type.String({ pattern: '^[0-9a-f]{64}$' }), is: Type.String({ minLength: 1 }) },
        { additionalProperties: false }
      ),
      { minItems: 2, maxItems: 16 }
    )
  },
  { additionalProperties: false }
)

const isDeclared = new Ajv().compile<Static<typeof Declared>>(Declared)

/**
 * Reads a declaration of variants.
 *
 * @throws {InvalidVariantsError} it is not JSON, a part is missing or wrong, or an id comes twice
 */
export function parseVariants(json: string): Variants {
  let declared: unknown
  try {
    declared = JSON.parse(json)
  } catch (cause) {
    throw new InvalidVariantsError(`the declaration of variants is no JSON: ${String(cause)}`, { cause })
  }
  if (!isDeclared(declared)) {
    const { instancePath, message } = isDeclared.errors?.[0] ?? {}
    throw new InvalidVariantsError(
      `the declaration of variants is wrong at ${instancePath || 'its top'}: it ${message}`
    )
  }
  const ids = declared.variants.map(({ id }) => id)
  if (new Set(ids).size < ids.length) {
    throw new InvalidVariantsError('the declaration of variants names a content id twice')
  }
  return declared
}
