import type { Stream } from '@libp2p/interface'
import type { Millis, Observation, Task, TaskCallbacks, WorkerChannel, WorkerId } from '../../src/inference/index.ts'
import { bodyParts } from '../../src/models/index.ts'
import type { Packing } from '../../src/tensor/index.ts'
import { Answers } from './answers.ts'
import { MAX_HELLO_BODY_BYTES } from './constants.ts'
import { DueTimer } from './due-timer.ts'
import { FirstByteTimeoutError, HelloTimeoutError, WireError } from './errors.ts'
import { asError, deadlineError } from './failure.ts'
import { FrameStream } from './frame-stream.ts'
import { checkHeader, type FrameHead, type FrameType } from './frames.ts'
import type { Timeouts } from './index.ts'
import { LastWritten } from './last-written.ts'
import { decodeHello, encodeHello, encodeRequest, type Hello } from './messages.ts'
import type { InFlight, InferMetrics } from './metrics.ts'
import type { Pace } from './pace.ts'
import { packed } from './packed.ts'
import type { OutboundRequest, RequestObserver } from './request.ts'
import { requestFor } from './request-for.ts'
import { RequestsInFlight } from './requests-in-flight.ts'
import { WaitingRequests } from './waiting-requests.ts'

export interface OutboundInit {
  worker: WorkerId
  maxBodyBytes: number
  /** The form in which inputs go to a worker that takes it. */
  packing: Packing | undefined
  timeouts: Timeouts
  pace: Pace
  metrics: InferMetrics | undefined
  now(): Millis
  observe(observation: Observation): void
}

/** A master's side of one stream: the other side is a worker. */
export class OutboundStream implements WorkerChannel {
  readonly worker: WorkerId
  /** What the worker says of itself; rejects when the stream ends before. */
  readonly hello: Promise<Hello>
  /** Resolves with the reason when the stream has ended. */
  readonly closed: Promise<Error>
  readonly #init: OutboundInit
  readonly #observe: RequestObserver
  readonly #frames: FrameStream
  readonly #hello = Promise.withResolvers<Hello>()
  readonly #closed = Promise.withResolvers<Error>()
  readonly #helloTimer: NodeJS.Timeout
  readonly #due: DueTimer
  readonly #answers: Answers
  readonly #lastWritten = new LastWritten()
  /** Until there is credit. */
  readonly #waiting = new WaitingRequests()
  /** Until their terminal frames, also those that have ended for their owner: so the credit is exact. */
  readonly #inFlight = new RequestsInFlight()
  #granted?: Hello
  #sending = false
  #endedBy?: Error

  constructor(stream: Stream, init: OutboundInit) {
    this.worker = init.worker
    this.hello = this.#hello.promise
    this.hello.catch(() => {})
    this.closed = this.#closed.promise
    this.#init = init
    // results are never int8: they are small, and decoding makes more of what was rounded off
    const takes: Pick<Hello, 'maxBodyBytes' | 'packings'> = {
      maxBodyBytes: init.maxBodyBytes,
      packings: init.packing === undefined ? [] : ['float16']
    }
    this.#answers = new Answers({ worker: init.worker, takes, now: init.now })
    this.#observe = ({ id: model }, end) => init.observe({ worker: this.worker, model, ...end })
    this.#due = new DueTimer(init.now, due => this.#giveUpDue(due))
    this.#frames = new FrameStream(stream, this, { ...init, sendTimeout: init.timeouts.send })
    this.#helloTimer = setTimeout(() => {
      this.abort(new HelloTimeoutError(`worker ${this.worker} did not say HELLO within ${init.timeouts.hello} ms`))
    }, init.timeouts.hello).unref()
    const { header, body } = encodeHello({ requests: 0, bytes: 0, models: [], early: true, ...takes })
    void this.#send('hello', 0, header, [body])
    this.#frames.open()
  }

  submit(task: Task, callbacks: TaskCallbacks): { cancel(): void } {
    if (this.#endedBy !== undefined) {
      callbacks.failed(this.#endedBy)
      return { cancel: () => {} }
    }
    let request: OutboundRequest
    try {
      request = requestFor(task, callbacks, this.worker, this.#granted, this.#observe)
    } catch (error) {
      callbacks.failed(asError(error))
      return { cancel: () => {} }
    }
    this.#waiting.add(request)
    void this.#sendWaiting()
    this.#due.arm(request.resultDue)
    return {
      cancel: () => {
        if (request.settle() !== undefined) {
          this.#abandon(request)
        }
      }
    }
  }

  /** The credit in use at the worker. */
  get inFlight(): InFlight {
    return this.#inFlight.used
  }

  /** Nothing is waiting or in flight. */
  get idle(): boolean {
    return this.#waiting.size === 0 && this.#inFlight.used.requests === 0
  }

  abort(reason: Error): void {
    this.#frames.abort(reason)
  }

  close(reason: Error): Promise<void> {
    return this.#frames.close(reason)
  }

  maxBodyBytes(type: FrameType): number {
    if (type === 'hello') {
      return MAX_HELLO_BODY_BYTES
    }
    return type === 'early' || type === 'result' ? this.#init.maxBodyBytes : 0
  }

  begin(head: FrameHead): boolean {
    if (head.type === 'hello' && this.#granted === undefined) {
      return true
    }
    if (this.#granted === undefined || head.type === 'hello' || head.type === 'request' || head.type === 'cancel') {
      throw new WireError(`worker ${this.worker} sent ${head.type}; it must say HELLO once, first, and then answer`)
    }
    const request = this.#inFlight.answeredBy(head, this.worker)
    request.answered()
    if (head.type === 'accepted') {
      request.callbacks?.accepted()
      return false
    }
    return head.type !== 'failed' && this.#answers.judge(request, head)
  }

  end(head: FrameHead, body?: Uint8Array): void {
    const { type, id, header } = head
    if (type === 'hello' && body !== undefined) {
      this.#granted = decodeHello(header, body)
      clearTimeout(this.#helloTimer)
      this.#hello.resolve(this.#granted)
      return
    }
    const request = this.#inFlight.get(id)
    if (type === 'accepted' || request === undefined) {
      return
    }
    if (type === 'early') {
      this.#answers.early(request, body)
      return
    }
    this.#inFlight.delete(request)
    this.#answers.terminal(request, head, body)
    void this.#sendWaiting()
  }

  ended(reason: Error): void {
    this.#endedBy = reason
    clearTimeout(this.#helloTimer)
    this.#due.stop()
    this.#hello.reject(reason)
    const left = [...this.#waiting, ...this.#inFlight]
    this.#waiting.clear()
    this.#inFlight.clear()
    for (const request of left) {
      request.fail(reason)
    }
    this.#closed.resolve(reason)
  }

  /** The earliest deadline first, as far as the credit goes; one at a time, so that a CANCEL never waits behind requests. */
  async #sendWaiting(): Promise<void> {
    if (this.#sending) {
      return
    }
    this.#sending = true
    while (this.#next() !== undefined) {
      if (this.#packing !== undefined) {
        // to pack a photo takes as long as to send it
        await this.#init.pace.wholeTurn()
      }
      const request = this.#next()
      if (request !== undefined) {
        await this.#sendRequest(request)
      }
    }
    this.#sending = false
  }

  /** What both sides agreed on. */
  get #packing(): Packing | undefined {
    const { packing } = this.#init
    return packing !== undefined && this.#granted?.packings.includes(packing) ? packing : undefined
  }

  #next(): OutboundRequest | undefined {
    const { requests, bytes } = this.#granted ?? { requests: 0, bytes: 0 }
    const { used } = this.#inFlight
    if (used.requests >= requests) {
      return undefined
    }
    const earliest = this.#waiting.earliest()
    // one that is too large for what is left waits, and all others behind it: small ones must not starve it
    return earliest !== undefined && used.bytes + earliest.bytes <= bytes ? earliest : undefined
  }

  async #sendRequest(request: OutboundRequest): Promise<void> {
    this.#waiting.delete(request)
    const { model, outputs, deadline, task } = request
    const now = this.#init.now()
    const remaining = Math.min(Math.max(0, Math.floor(deadline - now)), 0xffffffff)
    const tensors = packed(task?.inputs ?? {}, this.#packing)
    const inputs = tensors.map(({ header }) => header)
    let header: Uint8Array
    try {
      header = checkHeader('request', encodeRequest({ model: model.id, remaining, outputs, inputs }, this.#lastWritten))
    } catch (error) {
      request.fail(asError(error))
      return
    }
    request.sent(this.#inFlight.add(request), now)
    await this.#send('request', request.id, header, bodyParts(tensors))
    request.task = undefined
    // the worker may have answered while the request was still being sent
    if (request.stage === 'sent') {
      request.firstByteDue = this.#init.now() + this.#init.timeouts.firstByte
      this.#due.arm(request.firstByteDue)
    }
  }

  #giveUpDue(due: Millis): void {
    const requests = [...this.#waiting, ...this.#inFlight]
    if (requests.some(({ firstByteDue }) => firstByteDue <= due)) {
      const { firstByte } = this.#init.timeouts
      this.abort(new FirstByteTimeoutError(`worker ${this.worker} did not answer a request within ${firstByte} ms`))
      return
    }
    for (const request of requests) {
      if (request.resultDue <= due) {
        this.#giveUp(request)
      }
      this.#due.arm(Math.min(request.resultDue, request.firstByteDue))
    }
  }

  /** The deadline has passed: its owner no longer waits, so that nothing of the query is kept. */
  #giveUp(request: OutboundRequest): void {
    const { stage } = request
    const callbacks = request.settle()
    this.#abandon(request)
    callbacks?.failed(deadlineError(stage, this.worker))
  }

  /** The task has ended for its owner; the worker is told if it knows of it. */
  #abandon(request: OutboundRequest): void {
    if (this.#waiting.delete(request)) {
      request.end()
      // the next one may be small enough for the credit
      void this.#sendWaiting()
      return
    }
    void this.#send('cancel', request.id, new Uint8Array(0))
  }

  /** Why a frame did not go out is told once, by {@link ended}. */
  async #send(type: FrameType, id: number, header: Uint8Array, body?: readonly Uint8Array[]): Promise<void> {
    await this.#frames.send({ type, id, header, body }).catch(() => {})
  }
}
