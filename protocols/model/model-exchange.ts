import {
  type AbortOptions,
  type Connection,
  type Logger,
  NotStartedError,
  type PeerId,
  type Startable,
  type Stream
} from '@libp2p/interface'
import { raceSignal } from 'race-signal'
import type { CachedModel, ModelId } from '../../src/models/index.ts'
import {
  DEFAULT_MAX_MODEL_BYTES,
  DEFAULT_MAX_STREAMS,
  DEFAULT_TIMEOUTS,
  MAX_STREAMS_PER_PEER,
  MODEL_PROTOCOL
} from './constants.ts'
import { Download } from './download.ts'
import { ModelNotAllowedError, ModelUnavailableError } from './errors.ts'
import { answerAsker } from './inbound.ts'
import type {
  FetchOptions,
  ModelExchangeComponents,
  ModelExchangeInit,
  ModelExchange as ModelExchangeInterface,
  Timeouts
} from './index.ts'
import { Shelf } from './shelf.ts'

interface Fetching {
  download: Download
  done: Promise<CachedModel>
  /** Callers that wait for it; when the last gives up, so does the download. */
  waiting: number
  giveUp: AbortController
}

export class ModelExchange implements Startable, ModelExchangeInterface {
  readonly #components: ModelExchangeComponents
  readonly #init: ModelExchangeInit
  readonly #timeouts: Timeouts
  readonly #log: Logger
  readonly #shelf: Shelf
  /** Connected peers that speak the protocol. */
  readonly #peers = new Map<string, PeerId>()
  readonly #fetching = new Map<ModelId, Fetching>()
  /** Streams on which each peer asks. */
  readonly #asking = new Map<string, number>()
  #streams = 0
  #stopping = new AbortController()
  #topology?: string

  constructor(components: ModelExchangeComponents, init: ModelExchangeInit) {
    const { cache, served = () => new Map() } = init
    this.#components = components
    this.#init = init
    this.#timeouts = { ...DEFAULT_TIMEOUTS, ...init.timeouts }
    this.#log = components.logger.forComponent('splinemesh:model')
    this.#shelf = new Shelf(cache, id => this.#fetching.get(id)?.download.partial, served)
  }

  readonly [Symbol.toStringTag] = 'splinemesh/model'

  isStarted(): boolean {
    return this.#topology !== undefined
  }

  async start(): Promise<void> {
    const { registrar } = this.#components
    this.#stopping = new AbortController()
    await registrar.handle(MODEL_PROTOCOL, this.#onStream, {
      maxInboundStreams: MAX_STREAMS_PER_PEER,
      maxOutboundStreams: MAX_STREAMS_PER_PEER,
      runOnLimitedConnection: false
    })
    this.#topology = await registrar.register(MODEL_PROTOCOL, {
      onConnect: peer => this.#joined(peer),
      onDisconnect: peer => {
        this.#peers.delete(peer.toString())
      }
    })
  }

  async stop(): Promise<void> {
    const { registrar } = this.#components
    if (this.#topology !== undefined) {
      registrar.unregister(this.#topology)
      this.#topology = undefined
    }
    await registrar.unhandle(MODEL_PROTOCOL)
    this.#stopping.abort(new ModelUnavailableError('this peer is stopping'))
    await Promise.allSettled(Array.from(this.#fetching.values(), ({ done }) => done))
    this.#peers.clear()
  }

  async fetch(id: ModelId, options: FetchOptions = {}): Promise<CachedModel> {
    options.signal?.throwIfAborted()
    if (this.#topology === undefined) {
      throw new NotStartedError('start the node before it fetches models')
    }
    if (this.#init.allow?.includes(id) === false) {
      throw new ModelNotAllowedError(`model ${id} is not on the list of those that this peer may fetch: add it there`)
    }
    const known = await this.#init.cache.use(id)
    if (known !== undefined) {
      return known
    }
    const fetching = this.#fetching.get(id) ?? this.#begin(id, options)
    fetching.waiting += 1
    try {
      return await raceSignal(fetching.done, options.signal)
    } finally {
      fetching.waiting -= 1
      if (fetching.waiting === 0) {
        this.#forget(id, fetching)
        fetching.giveUp.abort(options.signal?.reason)
      }
    }
  }

  #begin(id: ModelId, { name = '', progress }: FetchOptions): Fetching {
    const { cache, maxModelBytes = DEFAULT_MAX_MODEL_BYTES } = this.#init
    const [timeouts, log, giveUp] = [this.#timeouts, this.#log, new AbortController()]
    const open = (peer: PeerId, options: AbortOptions): Promise<Stream> => this.#open(peer, options)
    const download = new Download({ id, name, cache, maxModelBytes, timeouts, log, open, progress })
    const signal = AbortSignal.any([this.#stopping.signal, giveUp.signal])
    const done = download.run({ signal }).finally(() => this.#forget(id, fetching))
    // when nobody waits any more, nobody hears how it ended
    done.catch(() => {})
    const fetching: Fetching = { download, done, waiting: 0, giveUp }
    this.#fetching.set(id, fetching)
    for (const peer of this.#peers.values()) {
      void download.join(peer)
    }
    return fetching
  }

  #forget(id: ModelId, fetching: Fetching): void {
    if (this.#fetching.get(id) === fetching) {
      this.#fetching.delete(id)
    }
  }

  async #open(peer: PeerId, options: AbortOptions): Promise<Stream> {
    const connection = await this.#components.connectionManager.openConnection(peer, options)
    return connection.newStream(MODEL_PROTOCOL, { ...options, runOnLimitedConnection: false })
  }

  #joined(peer: PeerId): void {
    const id = peer.toString()
    if (this.#peers.has(id)) {
      return
    }
    this.#peers.set(id, peer)
    for (const { download } of this.#fetching.values()) {
      void download.join(peer)
    }
  }

  readonly #onStream = async (stream: Stream, { remotePeer }: Connection): Promise<void> => {
    const peer = remotePeer.toString()
    const mine = this.#asking.get(peer) ?? 0
    const { maxStreams = DEFAULT_MAX_STREAMS } = this.#init
    if (mine >= MAX_STREAMS_PER_PEER || this.#streams >= maxStreams) {
      stream.abort(
        new ModelUnavailableError(`${this.#streams} streams ask for models, ${mine} of them of this peer: ask later`)
      )
      return
    }
    this.#asking.set(peer, mine + 1)
    this.#streams += 1
    try {
      await answerAsker(stream, { shelf: this.#shelf, timeouts: this.#timeouts, signal: this.#stopping.signal })
    } catch (error) {
      this.#log('the stream of %p, who asks for models, ended - %e', remotePeer, error)
    } finally {
      this.#streams -= 1
      const left = (this.#asking.get(peer) ?? 1) - 1
      if (left > 0) {
        this.#asking.set(peer, left)
      } else {
        this.#asking.delete(peer)
      }
    }
  }
}
