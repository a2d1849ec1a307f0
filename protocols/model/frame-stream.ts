import { setImmediate as nextTurn } from 'node:timers/promises'
import type { AbortOptions, Stream } from '@libp2p/interface'
import { type ByteStream, byteStream } from '@libp2p/utils'
import { MAX_HEADER_BYTES, PIECE_BYTES, PRELUDE_BYTES } from './constants.ts'
import { ModelWireError } from './errors.ts'
import { FRAME_TYPES, type FrameType } from './messages.ts'

export interface Frame {
  type: FrameType
  header: Uint8Array
  body: Uint8Array
}

const NOTHING = new Uint8Array()

/**
 * Frames over a libp2p stream. `byteStream` resets a stream of which more waits to be read than was agreed: neither `pipe` nor
 * `lpStream` would do here, since the one gathers without bound what a slow reader has not taken, and so does the other the bytes
 * of a varint that never ends.
 */
export class FrameStream {
  readonly #stream: Stream
  readonly #bytes: ByteStream<Stream>

  /** @param maxBufferBytes what may wait to be read */
  constructor(stream: Stream, maxBufferBytes: number) {
    this.#stream = stream
    this.#bytes = byteStream(stream, { maxBufferSize: maxBufferBytes })
  }

  /**
   * The next frame. Its body is reserved only when `maxBodyBytes` allows it.
   *
   * @throws {ModelWireError} the frame is of no known type, or too large
   */
  async read(maxBodyBytes: (type: FrameType) => number, options: AbortOptions): Promise<Frame> {
    const prelude = await this.#take(PRELUDE_BYTES, options)
    const view = new DataView(prelude.buffer, prelude.byteOffset)
    const type: FrameType | undefined = FRAME_TYPES[view.getUint8(0) - 1]
    const [headerLength, bodyLength] = [view.getUint16(2, true), view.getUint32(4, true)]
    if (type === undefined) {
      throw new ModelWireError(
        `frame type ${view.getUint8(0)} is not known; is the other side speaking another protocol?`
      )
    }
    if (headerLength > MAX_HEADER_BYTES || bodyLength > maxBodyBytes(type)) {
      throw new ModelWireError(
        `a ${type} frame has a header of ${headerLength} and a body of ${bodyLength} bytes, ` +
          `at most ${MAX_HEADER_BYTES} and ${maxBodyBytes(type)} are taken`
      )
    }
    const header = await this.#take(headerLength, options)
    return { type, header, body: await this.#take(bodyLength, options) }
  }

  /** Resolves when the other side has room for more. */
  async write(
    { type, header = NOTHING, body = NOTHING }: Pick<Frame, 'type'> & Partial<Frame>,
    options: AbortOptions
  ): Promise<void> {
    const frame = Buffer.alloc(PRELUDE_BYTES + header.length + body.length)
    frame.writeUInt8(FRAME_TYPES.indexOf(type) + 1, 0)
    frame.writeUInt16LE(header.length, 2)
    frame.writeUInt32LE(body.length, 4)
    frame.set(header, PRELUDE_BYTES)
    frame.set(body, PRELUDE_BYTES + header.length)
    for (let at = 0; at < frame.length; at += PIECE_BYTES) {
      if (at > 0) {
        await nextTurn()
      }
      await this.#bytes.write(frame.subarray(at, at + PIECE_BYTES), options)
    }
  }

  async close(options: AbortOptions): Promise<void> {
    await this.#stream.close(options)
  }

  abort(error: Error): void {
    this.#stream.abort(error)
  }

  async #take(bytes: number, options: AbortOptions): Promise<Uint8Array> {
    // a read of nothing would wait for something
    return bytes === 0 ? NOTHING : (await this.#bytes.read({ ...options, bytes })).subarray()
  }
}
