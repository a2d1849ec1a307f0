import {
  type AbortOptions,
  type Connection,
  type DialTarget,
  type Logger,
  NotStartedError,
  type Startable,
  type Stream
} from '@libp2p/interface'
import { raceSignal } from 'race-signal'
import type { WorkerId } from '../../src/inference/index.ts'
import {
  DEFAULT_CREDIT,
  DEFAULT_MAX_BODY_BYTES,
  DEFAULT_TIMEOUTS,
  INFER_PROTOCOL,
  MAX_INBOUND_STREAMS
} from './constants.ts'
import { DialError, HelloError, StreamClosedError } from './errors.ts'
import { InboundStream } from './inbound.ts'
import type { Credit, InferComponents, InferInit, Infer as InferInterface, RemoteWorker, Timeouts } from './index.ts'
import { type InFlight, type InferMetrics, inferMetrics } from './metrics.ts'
import { OutboundStream } from './outbound.ts'
import { Pace } from './pace.ts'

export class Infer implements Startable, InferInterface {
  readonly #components: InferComponents
  readonly #init: InferInit
  readonly #credit: Credit
  readonly #maxBodyBytes: number
  readonly #timeouts: Timeouts
  readonly #now: () => number
  readonly #log: Logger
  readonly #pace: Pace
  readonly #metrics: InferMetrics | undefined
  readonly #inbound = new Map<string, InboundStream>()
  /** One for each worker, from the moment its stream is being opened. */
  readonly #outbound = new Map<WorkerId, Promise<RemoteWorker>>()
  readonly #streams = new Set<OutboundStream>()
  #started = false
  #stopping = new AbortController()

  constructor(components: InferComponents, init: InferInit) {
    this.#components = components
    this.#init = init
    this.#credit = init.credit ?? DEFAULT_CREDIT
    this.#maxBodyBytes = init.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES
    this.#timeouts = { ...DEFAULT_TIMEOUTS, ...init.timeouts }
    this.#now = init.now ?? (() => performance.now())
    this.#pace = new Pace(this.#now)
    this.#log = components.logger.forComponent('splinemesh:infer')
    this.#metrics =
      components.metrics &&
      inferMetrics(
        components.metrics,
        () => total(this.#streams),
        () => total(this.#inbound.values())
      )
  }

  readonly [Symbol.toStringTag] = 'splinemesh/infer'

  async start(): Promise<void> {
    this.#started = true
    this.#stopping = new AbortController()
    if (this.#init.admission !== undefined) {
      await this.#components.registrar.handle(INFER_PROTOCOL, this.#onStream, {
        maxInboundStreams: MAX_INBOUND_STREAMS,
        runOnLimitedConnection: false
      })
    }
  }

  async stop(): Promise<void> {
    this.#started = false
    if (this.#init.admission !== undefined) {
      await this.#components.registrar.unhandle(INFER_PROTOCOL)
    }
    const reason = new StreamClosedError('this peer is stopping')
    for (const inbound of this.#inbound.values()) {
      inbound.abort(reason)
    }
    this.#stopping.abort(reason)
    await Promise.all(Array.from(this.#streams, stream => end(stream, reason)))
  }

  isStarted(): boolean {
    return this.#started
  }

  async connect(target: DialTarget, { signal }: AbortOptions = {}): Promise<RemoteWorker> {
    signal?.throwIfAborted()
    const { connectionManager } = this.#components
    const dialSignal = this.#dialSignal(signal)
    const connection = await connectionManager.openConnection(target, { signal: dialSignal }).catch(cause => {
      signal?.throwIfAborted()
      throw new DialError(`no connection to ${target}: ${messageOf(cause)}`, { cause })
    })
    if (!this.#started) {
      throw new NotStartedError('start the node before it connects to a worker')
    }
    const id = connection.remotePeer.toString()
    let worker = this.#outbound.get(id)
    if (worker === undefined) {
      worker = this.#open(connection, id)
      this.#outbound.set(id, worker)
      const forget = (): void => {
        this.#outbound.delete(id)
      }
      worker.then(({ closed }) => closed).then(forget, forget)
    }
    return raceSignal(worker, signal)
  }

  /** Not bound to the signal of the caller who came first: others may wait for the same stream. */
  async #open(connection: Connection, id: WorkerId): Promise<RemoteWorker> {
    const peer = connection.remotePeer
    const stream = await connection
      .newStream(INFER_PROTOCOL, { signal: this.#dialSignal(), runOnLimitedConnection: false })
      .catch(cause => {
        throw new DialError(`peer ${id} opens no ${INFER_PROTOCOL} stream, does it serve models? ${messageOf(cause)}`, {
          cause
        })
      })
    if (!this.#started) {
      const reason = new StreamClosedError('this peer is stopping')
      stream.abort(reason)
      throw reason
    }
    const outbound = new OutboundStream(stream, {
      worker: id,
      maxBodyBytes: this.#maxBodyBytes,
      packing: this.#init.packing,
      timeouts: this.#timeouts,
      pace: this.#pace,
      metrics: this.#metrics,
      now: this.#now,
      observe: observation => this.#init.observe?.(observation)
    })
    this.#streams.add(outbound)
    void outbound.closed.then(() => this.#streams.delete(outbound))
    const { models } = await outbound.hello.catch(cause => {
      throw cause instanceof StreamClosedError
        ? new HelloError(`worker ${id} hung up before it said HELLO: ${cause.message}`, { cause })
        : cause
    })
    this.#log('opened a stream to worker %p, which serves %d models', peer, models.length)
    return {
      id,
      peer,
      models,
      channel: outbound,
      closed: outbound.closed,
      close: () => end(outbound, new StreamClosedError('this side closed the stream'))
    }
  }

  readonly #onStream = (stream: Stream, { remotePeer }: Connection): void => {
    const { admission } = this.#init
    if (admission === undefined) {
      return
    }
    if (this.#init.mayAsk?.(remotePeer) === false) {
      stream.abort(new StreamClosedError(`peer ${remotePeer} may not ask here`))
      return
    }
    const master = remotePeer.toString()
    // One stream a master, so that its credit is one: it opens another only when it holds the old one for lost.
    this.#inbound.get(master)?.abort(new StreamClosedError('the master opened a newer stream'))
    const inbound = new InboundStream(stream, {
      admission,
      credit: this.#credit,
      maxBodyBytes: this.#maxBodyBytes,
      timeouts: this.#timeouts,
      pace: this.#pace,
      metrics: this.#metrics,
      now: this.#now,
      ended: reason => {
        this.#log('the stream of master %p ended - %e', remotePeer, reason)
        if (this.#inbound.get(master) === inbound) {
          this.#inbound.delete(master)
        }
      }
    })
    this.#inbound.set(master, inbound)
    inbound.open()
  }

  #dialSignal(signal?: AbortSignal): AbortSignal {
    const timeout = AbortSignal.timeout(this.#timeouts.dial)
    const signals = [timeout, this.#stopping.signal]
    return AbortSignal.any(signal === undefined ? signals : [signal, ...signals])
  }
}

/** What is in flight makes a graceful end pointless: the other side would be waited for, and its answers dropped. */
async function end(outbound: OutboundStream, reason: Error): Promise<void> {
  if (outbound.idle) {
    await outbound.close(reason)
  } else {
    outbound.abort(reason)
  }
}

function total(streams: Iterable<{ inFlight: InFlight }>): InFlight {
  const sum = { requests: 0, bytes: 0 }
  for (const { inFlight } of streams) {
    sum.requests += inFlight.requests
    sum.bytes += inFlight.bytes
  }
  return sum
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
