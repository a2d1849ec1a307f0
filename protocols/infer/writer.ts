import type { Stream, StreamCloseEvent } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import { JOINED_BYTES, PIECE_BYTES, PROMPT_BYTES } from './constants.ts'
import { SendTimeoutError, StreamClosedError } from './errors.ts'
import { encodeFrame, type FrameType } from './frames.ts'
import type { Pace } from './pace.ts'

/** A frame to send. The parts of the body go out one after the other. */
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
  readonly #sent: (bytes: number) => void
  /** Settles with the last of the frames that had to wait; absent when none waits. */
  #last?: Promise<void>

  /**
   * @param timeout ms without the other side taking anything, after which the stream is aborted
   * @param sent is told how many bytes were handed to the stream
   */
  constructor(stream: Stream, pace: Pace, timeout: number, sent: (bytes: number) => void) {
    this.#stream = stream
    this.#pace = pace
    this.#timeout = timeout
    this.#sent = sent
  }

  /**
   * Resolves when the last piece was handed to the stream, not when it has drained: the other side may answer at once, and
   * finds the credit of a terminal frame returned by then. A small frame that nothing holds up has left when this returns.
   *
   * @throws {SendError} the header is too large; other frames are not touched
   * @throws {SendTimeoutError} the other side stopped reading; the stream is aborted
   */
  async write(frame: Frame): Promise<void> {
    const bytes = bytesOf(frame)
    const prompt = bytes.byteLength <= PROMPT_BYTES && this.#last === undefined && !this.#mustDrain
    if (prompt && this.#pace.take(bytes.byteLength)) {
      this.#send(bytes)
      return
    }
    const written = (this.#last ?? Promise.resolve()).then(() => this.#sendPieces(bytes))
    const last = written
      .catch(() => {})
      .then(() => {
        if (this.#last === last) {
          this.#last = undefined
        }
      })
    this.#last = last
    await written
  }

  get #mustDrain(): boolean {
    return this.#stream.writableNeedsDrain && this.#stream.status === 'open'
  }

  async #sendPieces(bytes: Uint8Array | Uint8ArrayList): Promise<void> {
    let sent = 0
    while (sent < bytes.byteLength) {
      if (this.#mustDrain) {
        await drained(this.#stream, this.#timeout)
      }
      sent = await this.#sendUntilFull(bytes, sent)
    }
  }

  /** Resolves with where the bytes go on that the stream did not take; it must drain first. */
  #sendUntilFull(bytes: Uint8Array | Uint8ArrayList, from: number): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    let at = from
    this.#pace.wait(() => {
      const end = Math.min(at + PIECE_BYTES, bytes.byteLength)
      try {
        // what the muxer cannot take at once stays with the stream: at most this much
        this.#send(bytes instanceof Uint8Array ? bytes.subarray(at, end) : bytes.sublist(at, end))
      } catch (error) {
        reject(error)
        return false
      }
      at = end
      const goesOn = at < bytes.byteLength && !this.#mustDrain
      if (!goesOn) {
        resolve(at)
      }
      return goesOn
    })
    return promise
  }

  #send(bytes: Uint8Array | Uint8ArrayList): void {
    this.#stream.send(bytes)
    this.#sent(bytes.byteLength)
  }
}

function bytesOf({ type, id, header, body = [] }: Frame): Uint8Array | Uint8ArrayList {
  const bodyLength = body.reduce((sum, part) => sum + part.length, 0)
  return bodyLength <= JOINED_BYTES
    ? encodeFrame(type, id, header, bodyLength, body)
    : new Uint8ArrayList(encodeFrame(type, id, header, bodyLength), ...body)
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
