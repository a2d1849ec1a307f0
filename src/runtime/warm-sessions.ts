import type { ModelId } from '../models/index.ts'

const BYTES_PER_FILE_BYTE = 2
const BYTES_BESIDE_FILE = 16 * 2 ** 20

/**
 * The memory that a session takes, as estimated from the size of its file: the weights, once more as ONNX Runtime packs
 * them for its kernels, and room for what lies between the layers. Measuring it would take a process for each session.
 */
export function sessionBytes({ bytes }: { bytes: number }): number {
  return BYTES_PER_FILE_BYTE * bytes + BYTES_BESIDE_FILE
}

/** Which models have a session in one thread, the least recently used first: a ledger, which loads and releases nothing. */
export class WarmSessions {
  readonly #maxBytes: number
  readonly #bytes = new Map<ModelId, number>()
  #total = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  has(model: ModelId): boolean {
    return this.#bytes.has(model)
  }

  /** Does a session of so many bytes fit beside those that are here? */
  fits(bytes: number): boolean {
    return this.#total + bytes <= this.#maxBytes
  }

  /**
   * Notes that a model is used now.
   *
   * @returns those that must be released before it is loaded
   */
  use(model: ModelId, bytes: number): ModelId[] {
    this.delete(model)
    const evicted: ModelId[] = []
    for (const least of this.#bytes.keys()) {
      if (this.fits(bytes)) {
        break
      }
      this.delete(least)
      evicted.push(least)
    }
    this.#bytes.set(model, bytes)
    this.#total += bytes
    return evicted
  }

  delete(model: ModelId): void {
    this.#total -= this.#bytes.get(model) ?? 0
    this.#bytes.delete(model)
  }
}
