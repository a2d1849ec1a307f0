import { SendError, WireError } from './errors.ts'

/** Writes little-endian fields one after the other. */
export class FieldWriter {
  #bytes = Buffer.allocUnsafe(256)
  #length = 0

  u8(value: number): this {
    const at = this.#take(1)
    this.#bytes.writeUInt8(value, at)
    return this
  }

  u16(value: number): this {
    const at = this.#take(2)
    this.#bytes.writeUInt16LE(value, at)
    return this
  }

  u32(value: number): this {
    const at = this.#take(4)
    this.#bytes.writeUInt32LE(value, at)
    return this
  }

  bytes(bytes: Uint8Array): this {
    const at = this.#take(bytes.length)
    this.#bytes.set(bytes, at)
    return this
  }

  /** Bytes given as hexadecimal digits. @throws {SendError} other characters */
  hex(digits: string): this {
    const count = digits.length / 2
    const at = this.#take(count)
    if (this.#bytes.write(digits, at, 'hex') !== count) {
      throw new SendError(`'${digits}' is not hexadecimal`)
    }
    return this
  }

  /** u16 length, then UTF-8. @throws {SendError} longer than that */
  text(text: string): this {
    const length = Buffer.byteLength(text)
    if (length > 0xffff) {
      throw new SendError(`a name of ${length} bytes is too long for the wire`)
    }
    const at = this.u16(length).#take(length)
    this.#bytes.write(text, at)
    return this
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  #take(count: number): number {
    const at = this.#length
    this.#length += count
    if (this.#length > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#length, this.#bytes.length * 2))
      grown.set(this.#bytes)
      this.#bytes = grown
    }
    return at
  }
}

/** Reads little-endian fields one after the other; reading past the end is a {@link WireError}. */
export class FieldReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#take(1))
  }

  u16(): number {
    return this.#bytes.readUInt16LE(this.#take(2))
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#take(4))
  }

  /** A view of the bytes that are not read yet. */
  get rest(): Uint8Array {
    return this.#bytes.subarray(this.#at)
  }

  /** A view of the next `count` bytes. */
  bytes(count: number): Uint8Array {
    const at = this.#take(count)
    return this.#bytes.subarray(at, at + count)
  }

  /** The next `count` bytes as hexadecimal digits. */
  hex(count: number): string {
    return this.#string(count, 'hex')
  }

  text(): string {
    return this.#string(this.u16(), 'utf8')
  }

  #string(count: number, encoding: 'hex' | 'utf8'): string {
    const at = this.#take(count)
    return this.#bytes.toString(encoding, at, at + count)
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
