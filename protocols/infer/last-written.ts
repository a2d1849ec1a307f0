import type { TensorHeader } from '../../src/models/index.ts'
import { FieldWriter } from './bytes.ts'

/** What a header says of tensors, after the fields that differ from frame to frame. */
export interface Described {
  /** Names of the outputs that are wanted; none in a result. */
  outputs: readonly string[]
  /** The tensors of the body. */
  tensors: readonly TensorHeader[]
}

/** Writes names, dtypes and shapes, unless they are those that were written last: the other end of {@link LastRead}. */
export class LastWritten {
  #described: Described = { outputs: [], tensors: [] }
  #bytes?: Uint8Array

  write(described: Described, write: (fields: FieldWriter) => void): Uint8Array {
    if (this.#bytes === undefined || !same(described, this.#described)) {
      const fields = new FieldWriter()
      write(fields)
      this.#bytes = fields.finish()
      this.#described = described
    }
    return this.#bytes
  }
}

function same(a: Described, b: Described): boolean {
  return (
    sameList(a.outputs, b.outputs) &&
    a.tensors.length === b.tensors.length &&
    a.tensors.every(({ name, dtype, shape, packing }, i) => {
      const other = b.tensors[i]
      const alike = name === other.name && dtype === other.dtype && packing === other.packing
      return alike && sameList(shape, other.shape)
    })
  )
}

function sameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i])
}
