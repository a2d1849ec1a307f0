import type { Stream } from '@libp2p/interface'
import { bodyParts, type NamedTensors, tensorsOf } from '../../src/models/index.ts'
import {
  type Admission,
  CancelledError,
  RejectedError,
  type TaskOutcome,
  type Ticket,
  type WorkerTimings
} from '../../src/runtime/index.ts'
import { admit } from './admit.ts'
import { ACCEPTED_AFTER_MS, LEAST_BYTES_PER_MS, TAKEN_PACKINGS } from './constants.ts'
import { DueTimer } from './due-timer.ts'
import { HelloTimeoutError, ReceiveTimeoutError, SendError, WireError } from './errors.ts'
import { failureOf, micros } from './failure.ts'
import { FrameStream } from './frame-stream.ts'
import type { FrameHead, FrameType } from './frames.ts'
import type { Credit, Timeouts } from './index.ts'
import { LastRead } from './last-read.ts'
import { LastWritten } from './last-written.ts'
import {
  decodeHello,
  decodeRequest,
  encodeEarly,
  encodeFailure,
  encodeHello,
  encodeResult,
  type Hello,
  type Request
} from './messages.ts'
import type { InFlight, InferMetrics } from './metrics.ts'
import type { Pace } from './pace.ts'
import { type PackedTensor, packed, unpackedBytes } from './packed.ts'
import { type Pending, PendingRequests } from './pending-requests.ts'

export interface InboundInit {
  admission: Admission
  credit: Credit
  maxBodyBytes: number
  timeouts: Timeouts
  pace: Pace
  metrics: InferMetrics | undefined
  now(): number
  /** Called once, when the stream has ended and nothing of it is left. */
  ended(reason: Error): void
}

/** A worker's side of one stream: the other side is a master. */
export class InboundStream {
  readonly #init: InboundInit
  readonly #frames: FrameStream
  readonly #pending: PendingRequests
  readonly #helloTimer: NodeJS.Timeout
  readonly #due: DueTimer
  readonly #lastRead = new LastRead<Pick<Request, 'outputs' | 'inputs'>>()
  readonly #lastWritten = { early: new LastWritten(), result: new LastWritten() }
  /** When the body that is being read must be whole: it holds a place in a queue that others wait for. */
  #bodyDue = Number.POSITIVE_INFINITY
  /** Which results the master takes; absent before its HELLO. */
  #master?: Hello

  constructor(stream: Stream, init: InboundInit) {
    this.#init = init
    this.#pending = new PendingRequests(init.credit)
    this.#due = new DueTimer(init.now, due => this.#onDue(due))
    this.#frames = new FrameStream(stream, this, { ...init, sendTimeout: init.timeouts.send })
    this.#helloTimer = setTimeout(() => {
      this.abort(new HelloTimeoutError(`the master did not say HELLO within ${init.timeouts.hello} ms`))
    }, init.timeouts.hello)
    this.#helloTimer.unref()
  }

  /** To be called when the owner is ready for `ended` to be called. */
  open(): void {
    this.#sayHello()
    this.#frames.open()
  }

  /** What the master has in flight here: the credit it uses. */
  get inFlight(): InFlight {
    return this.#pending.used
  }

  abort(reason: Error): void {
    this.#frames.abort(reason)
  }

  maxBodyBytes(type: FrameType): number {
    return type === 'request' ? this.#init.maxBodyBytes : 0
  }

  begin(head: FrameHead): boolean {
    if (head.type === 'hello' && this.#master === undefined) {
      return true
    }
    if (this.#master === undefined) {
      throw new WireError(`the first frame must be a HELLO, the master sent ${head.type}`)
    }
    switch (head.type) {
      case 'request':
        return this.#judge(head)
      case 'cancel':
        // of a request that has ended already, or by a moment not yet: the terminal frame is on its way, nothing to do
        this.#pending.get(head.id)?.ticket?.cancel()
        return false
      default:
        throw new WireError(`a master must not send ${head.type}${head.type === 'hello' ? ' twice' : ''}`)
    }
  }

  end(head: FrameHead, body?: Uint8Array): void {
    this.#bodyDue = Number.POSITIVE_INFINITY
    if (body === undefined) {
      return
    }
    if (head.type === 'hello') {
      this.#master = decodeHello(head.header, body)
      clearTimeout(this.#helloTimer)
      return
    }
    const pending = this.#pending.get(head.id)
    if (pending?.ticket !== undefined) {
      void this.#run(pending, pending.ticket, body)
    }
  }

  ended(reason: Error): void {
    clearTimeout(this.#helloTimer)
    this.#due.stop()
    for (const { ticket } of this.#pending) {
      ticket?.cancel()
    }
    this.#pending.clear()
    this.#init.ended(reason)
  }

  /** Judges a request by its header. A request beyond the rules ends the stream, one that is not taken fails alone. */
  #judge({ id, header, bodyLength }: FrameHead): boolean {
    const { admission, maxBodyBytes, timeouts, now } = this.#init
    this.#pending.checkNext(id, bodyLength)
    const request = decodeRequest(header, this.#lastRead)
    const { outputs, inputs } = request
    const pending: Pending = { id, bytes: bodyLength, outputs, inputs }
    this.#pending.add(pending)
    const arrived = now()
    try {
      pending.ticket = admit(admission, request, { bodyLength, maxBodyBytes, now: arrived })
    } catch (error) {
      void this.#fail(pending, error)
      return false
    }
    pending.acceptedDue = arrived + ACCEPTED_AFTER_MS
    this.#due.arm(pending.acceptedDue)
    this.#bodyDue = arrived + timeouts.receive + bodyLength / LEAST_BYTES_PER_MS
    this.#due.arm(this.#bodyDue)
    return true
  }

  #onDue(due: number): void {
    if (this.#bodyDue <= due) {
      this.abort(
        new ReceiveTimeoutError(
          `the body of a request was not whole after ${this.#init.timeouts.receive} ms and 1 ms for every ` +
            `${LEAST_BYTES_PER_MS} bytes of it: the link is too slow, or the master too busy to send`
        )
      )
      return
    }
    this.#due.arm(this.#bodyDue)
    this.#tellAccepted(due)
  }

  #tellAccepted(due: number): void {
    for (const pending of this.#pending) {
      if (pending.acceptedDue === undefined) {
        continue
      }
      if (pending.acceptedDue <= due) {
        pending.acceptedDue = undefined
        void this.#send('accepted', pending.id, new Uint8Array(0))
      } else {
        this.#due.arm(pending.acceptedDue)
      }
    }
  }

  async #run(pending: Pending, ticket: Ticket, body: Uint8Array): Promise<void> {
    try {
      const early = this.#master?.early && ((outputs: NamedTensors) => this.#tellEarly(pending, outputs))
      const outcome = await ticket.run(tensorsOf(pending.inputs, body), early)
      await this.#answer(pending, outcome)
    } catch (error) {
      await this.#fail(pending, error)
    }
  }

  /** What is too large for the master, or for a frame, is left to the result, which fails by it. */
  #tellEarly(pending: Pending, outputs: NamedTensors): void {
    const tensors = this.#packed(outputs)
    const headers = tensors.map(({ header }) => header)
    if (this.#pending.has(pending) && unpackedBytes(headers) <= (this.#master?.maxBodyBytes ?? 0)) {
      pending.acceptedDue = undefined
      this.#send('early', pending.id, encodeEarly(headers, this.#lastWritten.early), bodyParts(tensors)).catch(() => {})
    }
  }

  /** Tensors in the form in which the master takes them. */
  #packed(outputs: NamedTensors): PackedTensor[] {
    return packed(outputs, this.#master?.packings.includes('float16') ? 'float16' : undefined)
  }

  /** @throws {SendError} the result does not fit a frame */
  async #answer(pending: Pending, outcome: TaskOutcome): Promise<void> {
    this.#countRun(outcome)
    const timings = micros(outcome)
    const { maxBodyBytes = 0 } = this.#master ?? {}
    const tensors = this.#packed(Object.fromEntries(pending.outputs.map(name => [name, outcome.outputs[name]])))
    const outputs = tensors.map(({ header }) => header)
    const bytes = unpackedBytes(outputs)
    if (bytes > maxBodyBytes) {
      const message = `the result takes ${bytes} bytes, the master takes ${maxBodyBytes}`
      this.#init.metrics?.rejections.increment({ 'too-large': true })
      await this.#terminate(pending, 'failed', encodeFailure({ code: 'too-large', timings, message }))
      return
    }
    const header = encodeResult({ ...timings, outputs }, this.#lastWritten.result)
    await this.#terminate(pending, 'result', header, bodyParts(tensors))
  }

  #fail(pending: Pending, error: unknown): Promise<void> {
    if (error instanceof RejectedError) {
      this.#init.metrics?.rejections.increment({ [error.reason]: true })
    } else if (error instanceof CancelledError && error.timings !== undefined) {
      this.#countRun(error.timings)
      this.#init.metrics?.wastedSeconds.increment(error.timings.runMs / 1000)
    }
    return this.#terminate(pending, 'failed', encodeFailure(failureOf(error)))
  }

  #countRun({ queueMs, runMs }: WorkerTimings): void {
    this.#init.metrics?.queueSeconds.observe(queueMs / 1000)
    this.#init.metrics?.runSeconds.observe(runMs / 1000)
  }

  /** The credit comes back with the last byte handed to libp2p: a result that is not read yet keeps its place. */
  async #terminate(pending: Pending, type: FrameType, header: Uint8Array, body?: Uint8Array[]): Promise<void> {
    if (!this.#pending.has(pending)) {
      return
    }
    pending.acceptedDue = undefined
    await this.#send(type, pending.id, header, body)
    this.#pending.delete(pending)
  }

  async #send(type: FrameType, id: number, header: Uint8Array, body?: Uint8Array[]): Promise<void> {
    try {
      await this.#frames.send({ type, id, header, body })
    } catch (error) {
      // the stream has ended, and `ended` has cleared up; only a frame that cannot be encoded is worth a word
      if (error instanceof SendError) {
        throw error
      }
    }
  }

  #sayHello(): void {
    const { admission, credit, maxBodyBytes } = this.#init
    const { header, body } = encodeHello({
      ...credit,
      maxBodyBytes,
      packings: TAKEN_PACKINGS,
      models: admission.models
    })
    void this.#send('hello', 0, header, [body])
  }
}
