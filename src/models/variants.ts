import { contentId, type ModelId } from './model.ts'

/**
 * Builds of one model, such as float32, float16 and int8, that their owner declares to be equivalent: workers that serve
 * different ones may share a group, where the caller allows it by giving this.
 */
export interface Variants {
  version: 1
  /** What the variants are called together. */
  name: string
  /**
   * The largest difference between the outputs of two variants on the owner's data, as a share of the largest magnitude of
   * that output.
   */
  tolerance: number
  /** `is` says what each is; the first that a worker serves is the one it runs. */
  variants: Array<{ id: ModelId; is: string }>
}

/** The id under which the variants stand for one model: the sha-256 of their declaration. */
export function variantsId({ name, tolerance, variants }: Variants): ModelId {
  const ids = variants.map(({ id, is }) => [id, is])
  return contentId(Buffer.from(JSON.stringify([name, tolerance, ids])))
}
