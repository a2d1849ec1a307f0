import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import { CLOSE_TIMEOUT_MS } from './constants.ts'
import { SendTimeoutError, StreamClosedError } from './errors.ts'
import { FrameReader, type FrameSink } from './frames.ts'
import type { InferMetrics } from './metrics.ts'
import type { Pace } from './pace.ts'
import { type Frame, FrameWriter } from './writer.ts'

export interface FrameStreamSink extends FrameSink {
  /** The stream has ended, by either side; called once, the last of all calls. */
  ended(reason: Error): void
}

export interface FrameStreamInit {
  pace: Pace
  /** Ms without the other side taking anything, after which the stream is aborted. */
  sendTimeout: number
  metrics: InferMetrics | undefined
}

/** Frames in both directions over one libp2p stream, and its one end, whoever brings it about. */
export class FrameStream {
  readonly #stream: Stream
  readonly #sink: FrameStreamSink
  readonly #reader: FrameReader
  readonly #writer: FrameWriter
  readonly #metrics: InferMetrics | undefined
  #hasEnded = false

  constructor(stream: Stream, sink: FrameStreamSink, { pace, sendTimeout, metrics }: FrameStreamInit) {
    this.#stream = stream
    this.#sink = sink
    this.#reader = new FrameReader(sink)
    this.#metrics = metrics
    this.#writer = new FrameWriter(stream, pace, sendTimeout, sent => metrics?.bytes.increment({ sent }))
    stream.addEventListener('message', this.#onMessage)
    stream.addEventListener('end', this.#onEnd)
    stream.addEventListener('close', this.#onClose)
  }

  /**
   * To be called when the owner is ready for its sink to be called. A stream may have ended before anybody listened, and
   * says so only once.
   */
  open(): void {
    if (this.#stream.status !== 'open' && this.#stream.readBufferLength === 0) {
      this.#end(new StreamClosedError(`the stream was ${this.#stream.status} as soon as it was opened`))
    } else if (this.#stream.readableEnded) {
      this.#onEnd()
    }
  }

  /**
   * Resolves when the frame was handed to libp2p.
   *
   * @throws {SendError} the frame cannot be sent; the stream goes on
   * @throws {Error} the stream ended before
   */
  send(frame: Frame): Promise<void> {
    return this.#writer.write(frame)
  }

  /** Ends the stream at once; both sides drop what is not yet sent or read. */
  abort(reason: Error): void {
    this.#end(reason)
    this.#stream.abort(reason)
  }

  /** Ends the stream when what was sent has left, and the other side has closed too or had its time to. */
  async close(reason: Error): Promise<void> {
    this.#end(reason)
    try {
      const signal = AbortSignal.timeout(CLOSE_TIMEOUT_MS)
      await this.#stream.close({ signal })
      await closed(this.#stream, signal)
    } catch {
      this.#stream.abort(reason)
    }
  }

  readonly #onMessage = ({ data }: StreamMessageEvent): void => {
    this.#metrics?.bytes.increment({ received: data.byteLength })
    try {
      this.#reader.push(data)
    } catch (error) {
      this.abort(error instanceof Error ? error : new StreamClosedError(String(error)))
    }
  }

  /** The other side sends no more: a conversation has two sides, so this one closes too. */
  readonly #onEnd = (): void => {
    // an abort or reset ends the reading as well; its `close` event follows and knows the reason
    if (this.#hasEnded || this.#stream.status !== 'open') {
      return
    }
    const where = this.#reader.idle ? 'between two frames' : 'in the middle of a frame'
    void this.close(new StreamClosedError(`the other side closed the stream ${where}`))
  }

  readonly #onClose = ({ error }: StreamCloseEvent): void => {
    const reason = new StreamClosedError(`the stream closed: ${error?.message ?? 'its connection ended'}`, {
      cause: error
    })
    this.#end(error instanceof SendTimeoutError ? error : reason)
  }

  #end(reason: Error): void {
    if (this.#hasEnded) {
      return
    }
    this.#hasEnded = true
    this.#reader.stop()
    this.#sink.ended(reason)
  }
}

async function closed(stream: Stream, signal: AbortSignal): Promise<void> {
  if (stream.status === 'open' || stream.status === 'closing') {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    stream.addEventListener('close', () => resolve(), { once: true })
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    await promise
  }
}
