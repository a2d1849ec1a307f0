import { fromString } from 'uint8arrays/from-string'
import { toString as textOf } from 'uint8arrays/to-string'
import { SendError, WireError } from './errors.ts'

/** Writes little-endian fields one after the other. */
export class FieldWriter {
  #bytes = new Uint8Array(256)
  #view = new DataView(this.#bytes.buffer)
  #length = 0

  u8(value: number): this {
    this.#view.setUint8(this.#take(1), value)
    return this
  }

  u16(value: number): this {
    this.#view.setUint16(this.#take(2), value, true)
    return this
  }

  u32(value: number): this {
    this.#view.setUint32(this.#take(4), value, true)
    return this
  }

  bytes(bytes: Uint8Array): this {
    this.#bytes.set(bytes, this.#take(bytes.length))
    return this
  }

  /** u16 length, then UTF-8. @throws {SendError} longer than that */
  text(text: string): this {
    const bytes = fromString(text)
    if (bytes.length > 0xffff) {
      throw new SendError(`a name of ${bytes.length} bytes is too long for the wire`)
    }
    return this.u16(bytes.length).bytes(bytes)
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  #take(count: number): number {
    const at = this.#length
    this.#length += count
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2))
      grown.set(this.#bytes)
      this.#bytes = grown
      this.#view = new DataView(grown.buffer)
    }
    return at
  }
}

/** Reads little-endian fields one after the other; reading past the end is a {@link WireError}. */
export class FieldReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1))
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true)
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true)
  }

  /** A view of the next `count` bytes. */
  bytes(count: number): Uint8Array {
    const at = this.#take(count)
    return this.#bytes.subarray(at, at + count)
  }

  text(): string {
    return textOf(this.bytes(this.u16()))
  }

  #take(count: number): number {
    const at = this.#at
    this.#at += count
    if (this.#at > this.#bytes.length) {
      throw new WireError(`a header or list ends after ${this.#bytes.length} bytes, its fields go on to ${this.#at}`)
    }
    return at
  }
}
