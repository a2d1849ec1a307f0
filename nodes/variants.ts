import { Ajv } from 'ajv'
import type { Variants } from '../src/models/index.ts'
import { InvalidVariantsError } from './errors.ts'

const schema = {
  type: 'object',
  required: ['version', 'name', 'tolerance', 'variants'],
  properties: {
    version: { type: 'number', const: 1 },
    name: { type: 'string', minLength: 1 },
    tolerance: { type: 'number', minimum: 0 },
    variants: {
      type: 'array',
      items: {
        type: 'object',
        required: ['id', 'is'],
        properties: { id: { type: 'string', pattern: '^[0-9a-f]{64}$' }, is: { type: 'string', minLength: 1 } },
        additionalProperties: false
      },
      minItems: 2,
      maxItems: 16
    }
  },
  additionalProperties: false
}

/**
 * Reads a declaration of variants.
 *
 * @throws {InvalidVariantsError} it is not JSON, a part is missing or wrong, or an id comes twice
 */
export function parseVariants(json: string): Variants {
  const isDeclared = new Ajv().compile<Variants>(schema)
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
