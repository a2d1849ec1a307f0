import type { Stream, StreamCloseEvent } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import { PIECE_BYTES } from './constants.ts'
import { SendTimeoutError, StreamClosedError } from './errors.ts'
import { encodeHead, type FrameType } from './frames.ts'
import type { Pace } from './pace.ts'

/** A frame to send. The parts of the body go out one after the other without being copied. */
export interface Frame {
  type: FrameType
  id: number
  header: Uint8Array
  body?: readonly Uint8Array[]
}

/** Sends the frames of one stream, one after the other, each in small pieces. */
export class FrameWriter {
  readonly #stream: Stream
  readonly #pace: Pace
  readonly #timeout: number
  #last: Promise<unknown> = Promise.resolve()

  /** @param timeout ms without the other side taking anything, after which the stream is aborted */
  constructor(stream: Stream, pace: Pace, timeout: number) {
    this.#stream = stream
    this.#pace = pace
    this.#timeout = timeout
  }

  /**
   * Resolves when the last piece was handed to the stream, not when it has drained: the other side may answer at once, and
   * finds the credit of a terminal frame returned by then.
   *
   * @throws {SendError} the header is too large; other frames are not touched
   * @throws {SendTimeoutError} the other side stopped reading; the stream is aborted
   */
  write(frame: Frame): Promise<void> {
    const written = this.#last.then(() => this.#send(frame))
    this.#last = written.catch(() => {})
    return written
  }

  async #send({ type, id, header, body = [] }: Frame): Promise<void> {
    const bytes = new Uint8ArrayList(...body)
    bytes.prepend(encodeHead(type, id, header, bytes.byteLength))
    for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES) {
      const piece = bytes.sublist(at, Math.min(at + PIECE_BYTES, bytes.byteLength))
      await this.#pace.take(piece.byteLength)
      if (this.#stream.writableNeedsDrain && this.#stream.status === 'open') {
        await drained(this.#stream, this.#timeout)
      }
      // what the muxer cannot take at once stays with the stream: at most this piece
      this.#stream.send(piece)
    }
  }
}

/**
 * Resolves at the next drain event. `stream.onDrain()` must not be used: its promise is made once, and resolves at once from
 * the second time on (libp2p 3.3), so that everything would be queued in memory.
 */
function drained(stream: Stream, timeout: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onDrain = (): void => resolve()
  const onClose = (event: StreamCloseEvent): void =>
    reject(event.error ?? new StreamClosedError('the stream closed while a frame was being sent'))
  const timer = setTimeout(() => {
    stream.abort(new SendTimeoutError(`the other side took nothing for ${timeout} ms; is it alive?`))
  }, timeout)
  timer.unref()
  stream.addEventListener('drain', onDrain)
  stream.addEventListener('close', onClose)
  return promise.finally(() => {
    clearTimeout(timer)
    stream.removeEventListener('drain', onDrain)
    stream.removeEventListener('close', onClose)
  })
}
