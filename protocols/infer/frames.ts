import type { Uint8ArrayList } from 'uint8arraylist'
import { MAX_HEADER_BYTES, PRELUDE_BYTES } from './constants.ts'
import { SendError, WireError } from './errors.ts'

/** The frame types and their codes on the wire. */
export const FRAME = { hello: 1, request: 2, accepted: 3, result: 4, failed: 5, cancel: 6, early: 7 } as const

export type FrameType = keyof typeof FRAME

const TYPES = new Map<number, FrameType>([
  [FRAME.hello, 'hello'],
  [FRAME.request, 'request'],
  [FRAME.accepted, 'accepted'],
  [FRAME.result, 'result'],
  [FRAME.failed, 'failed'],
  [FRAME.cancel, 'cancel'],
  [FRAME.early, 'early']
])

/** A frame of which the body is still to come. */
export interface FrameHead {
  type: FrameType
  /** The request it is about; 0 for HELLO. */
  id: number
  header: Uint8Array
  bodyLength: number
}

/** What a {@link FrameReader} reports to. Whatever it throws ends the reading, and is thrown on by `push`. */
export interface FrameSink {
  /** The largest body of a frame type; called before anything is reserved for it. */
  maxBodyBytes(type: FrameType): number
  /** Judges a frame by its head. Returns whether the body is wanted; else it is skipped without being kept. */
  begin(head: FrameHead): boolean
  /** The frame is complete. `body` has memory of its own from offset 0; it is absent if it was not wanted. */
  end(head: FrameHead, body?: Uint8Array): void
}

/**
 * The header, if it fits a frame.
 *
 * @throws {SendError} it is larger than any peer takes
 */
export function checkHeader(type: FrameType, header: Uint8Array): Uint8Array {
  if (header.length > MAX_HEADER_BYTES) {
    throw new SendError(
      `the header of a ${type} frame takes ${header.length} bytes, at most ${MAX_HEADER_BYTES} are allowed: ` +
        'use fewer or shorter tensor names'
    )
  }
  return header
}

/**
 * A frame as one piece of bytes: the whole of it, or without `body` its prelude and header.
 *
 * @throws {SendError} the header is larger than any peer takes
 */
export function encodeFrame(
  type: FrameType,
  id: number,
  header: Uint8Array,
  bodyLength: number,
  body: readonly Uint8Array[] = []
): Uint8Array {
  checkHeader(type, header)
  const head = PRELUDE_BYTES + header.length
  const bytes = Buffer.allocUnsafe(body.length === 0 ? head : head + bodyLength)
  bytes.writeUInt16LE(FRAME[type], 0)
  bytes.writeUInt16LE(header.length, 2)
  bytes.writeUInt32LE(id, 4)
  bytes.writeUInt32LE(bodyLength, 8)
  bytes.set(header, PRELUDE_BYTES)
  let at = head
  for (const part of body) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/**
 * Cuts a stream of bytes, in chunks of any size, into frames. It pushes instead of being pulled, and copies each byte once,
 * into memory of the frame's own: libp2p's chunks end anywhere and are not aligned for tensors.
 */
export class FrameReader {
  readonly #sink: FrameSink
  readonly #prelude = new Uint8Array(PRELUDE_BYTES)
  #part: 'prelude' | 'header' | 'body' = 'prelude'
  #head: FrameHead = { type: 'hello', id: 0, header: new Uint8Array(0), bodyLength: 0 }
  /** Where the bytes of this part go; absent when they are skipped. */
  #target?: Uint8Array = this.#prelude
  #filled = 0
  #wanted = PRELUDE_BYTES
  #stopped = false

  constructor(sink: FrameSink) {
    this.#sink = sink
  }

  /** True between frames: a stream that ends now was not cut off in the middle of one. */
  get idle(): boolean {
    return this.#part === 'prelude' && this.#filled === 0
  }

  /** Takes no more bytes. */
  stop(): void {
    this.#stopped = true
    this.#target = undefined
  }

  /** @throws {WireError} the bytes break the framing; nothing is read afterwards */
  push(chunk: Uint8Array | Uint8ArrayList): void {
    try {
      if (chunk instanceof Uint8Array) {
        this.#eat(chunk)
      } else {
        for (const piece of chunk) {
          this.#eat(piece)
        }
      }
    } catch (error) {
      this.stop()
      throw error
    }
  }

  #eat(bytes: Uint8Array): void {
    let at = 0
    while (at < bytes.length && !this.#stopped) {
      const count = Math.min(bytes.length - at, this.#wanted - this.#filled)
      this.#target?.set(bytes.subarray(at, at + count), this.#filled)
      this.#filled += count
      at += count
      // a part may be empty, and completes at once then
      while (this.#filled === this.#wanted && !this.#stopped) {
        this.#complete()
      }
    }
  }

  #complete(): void {
    if (this.#part === 'prelude') {
      this.#head = this.#readPrelude()
      this.#expect('header', this.#head.header, this.#head.header.length)
    } else if (this.#part === 'header') {
      const { bodyLength } = this.#head
      const keep = this.#sink.begin(this.#head)
      this.#expect('body', keep ? new Uint8Array(bodyLength) : undefined, bodyLength)
    } else {
      const head = this.#head
      const body = this.#target
      this.#expect('prelude', this.#prelude, PRELUDE_BYTES)
      this.#sink.end(head, body)
    }
  }

  #expect(part: 'prelude' | 'header' | 'body', target: Uint8Array | undefined, bytes: number): void {
    this.#part = part
    this.#filled = 0
    this.#wanted = bytes
    this.#target = this.#stopped ? undefined : target
  }

  #readPrelude(): FrameHead {
    const view = new DataView(this.#prelude.buffer)
    const type = TYPES.get(view.getUint8(0))
    if (type === undefined) {
      throw new WireError(`frame type ${view.getUint8(0)} is not known; is the other side speaking another protocol?`)
    }
    const headerLength = view.getUint16(2, true)
    if (headerLength > MAX_HEADER_BYTES) {
      throw new WireError(
        `a ${type} frame has a header of ${headerLength} bytes, at most ${MAX_HEADER_BYTES} are taken`
      )
    }
    const bodyLength = view.getUint32(8, true)
    const most = this.#sink.maxBodyBytes(type)
    if (bodyLength > most) {
      throw new WireError(`a ${type} frame has a body of ${bodyLength} bytes, at most ${most} are taken`)
    }
    return { type, id: view.getUint32(4, true), header: new Uint8Array(headerLength), bodyLength }
  }
}
