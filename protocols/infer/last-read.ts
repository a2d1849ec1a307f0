import { equals } from 'uint8arrays/equals'
import type { FieldReader } from './bytes.ts'

/**
 * Reads what is left of a header, unless it is byte for byte what was read last. The requests of a stream name the same
 * tensors again and again, and to read their names and shapes takes longer than all else that is done with a small request.
 */
export class LastRead<T> {
  #bytes?: Uint8Array
  #value?: T

  read(fields: FieldReader, read: () => T): T {
    const { rest } = fields
    if (this.#value === undefined || this.#bytes === undefined || !equals(rest, this.#bytes)) {
      this.#value = read()
      this.#bytes = rest
    }
    return this.#value
  }
}
