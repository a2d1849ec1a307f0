import { Ajv } from 'ajv'
import Type, { type Static } from 'typebox'
import { InvalidVariantsError } from './errors.ts'
import { contentId, type ModelId } from './model.ts'

const Declared = Type.Object(
  {
    version: Type.Literal(1),
    /** What the variants are called together. */
    name: Type.String({ minLength: 1 }),
    /**
     * The largest difference between the outputs of two variants on the owner's data, as a share of the largest magnitude of
     * that output.
     */
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

/**
 * Builds of one model, such as float32, float16 and int8, that their owner declares to be equivalent: workers that serve
 * different ones may share a group, where the caller allows it by giving this. `is` says what each is; the first that a worker
 * serves is the one it runs.
 */
export type Variants = Static<typeof Declared>

const isDeclared = new Ajv().compile<Variants>(Declared)

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

/** The id under which the variants stand for one model: the sha-256 of their declaration. */
export function variantsId({ name, tolerance, variants }: Variants): ModelId {
  const ids = variants.map(({ id, is }) => [id, is])
  return contentId(Buffer.from(JSON.stringify([name, tolerance, ids])))
}
