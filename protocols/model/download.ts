import { setTimeout as sleep } from 'node:timers/promises'
import type { AbortOptions, Logger, PeerId, Stream } from '@libp2p/interface'
import {
  type CachedModel,
  chainDigest,
  chunkCount,
  isLink,
  type ModelCache,
  type ModelId,
  type PartialModel
} from '../../src/models/index.ts'
import { LANES, REFRESH_MS, RETRY_MS } from './constants.ts'
import { FalseChunkError, ModelUnavailableError, ModelWireError } from './errors.ts'
import type { FetchProgress, Timeouts } from './index.ts'
import type { Have } from './messages.ts'
import { Provider } from './provider.ts'

export interface DownloadInit {
  id: ModelId
  name: string
  cache: ModelCache
  maxModelBytes: number
  timeouts: Timeouts
  log: Logger
  open(peer: PeerId, options: AbortOptions): Promise<Stream>
  progress?(progress: FetchProgress): void
}

/**
 * Fetches one model from all peers that have something of it. Chunks come in any order, the rarest first, so that peers
 * that fetch at the same time soon have different ones to give each other; each is checked when it comes.
 *
 * Providers say which chain of hashes they go by. One that sends a chunk that does not fit its own chain has lied, and
 * is not asked again. Where providers speak of different chains, all but one are false: the one that most speak of is tried
 * first, and chunks that fit both are kept.
 */
export class Download {
  readonly #init: DownloadInit
  readonly #joined = new Set<string>()
  /** Those with an open stream. */
  readonly #providers = new Map<string, Provider>()
  /** Why each peer that gives nothing (any more) does not. */
  readonly #failures = new Map<string, Error>()
  /** Chunks that are asked for, and of how many providers. */
  readonly #asked = new Map<number, number>()
  readonly #ended = new AbortController()
  readonly #complete = Promise.withResolvers<PartialModel>()
  readonly #patience: NodeJS.Timeout
  #partial?: PartialModel
  #digest?: string
  #adopting: Promise<unknown> = Promise.resolve()

  constructor(init: DownloadInit) {
    this.#init = init
    this.#patience = setTimeout(() => this.#giveUp(), init.timeouts.patience)
    // whoever runs the download learns of it
    this.#complete.promise.catch(() => {})
  }

  /** What is here already, for others that fetch. */
  get partial(): PartialModel | undefined {
    return this.#partial
  }

  /**
   * Resolves when the model is in the cache.
   *
   * @throws {ModelUnavailableError} no chunk came for the time of patience
   * @throws {MalformedModelError | UnsafeModelError | CacheFullError} the model is not taken
   */
  async run({ signal }: AbortOptions): Promise<CachedModel> {
    const { cache, id, name } = this.#init
    const abort = (): void => this.#complete.reject(signal?.reason)
    signal?.addEventListener('abort', abort, { once: true })
    try {
      signal?.throwIfAborted()
      await this.#adopt(await cache.resume(id))
      return await cache.finish(await this.#complete.promise, name)
    } finally {
      signal?.removeEventListener('abort', abort)
      clearTimeout(this.#patience)
      this.#ended.abort(new ModelUnavailableError('the download has ended'))
      await this.#adopting.catch(() => {})
      await this.#partial?.close()
    }
  }

  /** Asks this peer too, again and again until the download has ended or the peer lied. */
  async join(peer: PeerId): Promise<void> {
    const { signal } = this.#ended
    const { log } = this.#init
    if (this.#joined.has(peer.toString())) {
      return
    }
    this.#joined.add(peer.toString())
    for (let pause = RETRY_MS; !signal.aborted; pause *= 2) {
      try {
        await this.#draw(peer)
      } catch (cause) {
        const error = cause instanceof Error ? cause : new ModelWireError(String(cause))
        this.#failures.set(peer.toString(), error)
        if (!signal.aborted) {
          log('provider %p gives no more of model %s - %e', peer, this.#init.id, error)
        }
        if (error instanceof FalseChunkError || error instanceof ModelWireError) {
          return
        }
      }
      await sleep(pause, undefined, { signal, ref: false }).catch(() => {})
    }
  }

  /** One stream to a provider, from its opening to its end. */
  async #draw(peer: PeerId): Promise<void> {
    const { id, maxModelBytes, timeouts, open } = this.#init
    const { signal } = this.#ended
    const stream = await open(peer, { signal: AbortSignal.any([signal, AbortSignal.timeout(timeouts.open)]) })
    const provider = new Provider(stream, { peer: peer.toString(), model: id, maxModelBytes, timeouts })
    try {
      await provider.refresh({ signal })
      this.#providers.set(provider.peer, provider)
      await Promise.all(Array.from({ length: LANES }, () => this.#drawLane(provider)))
    } catch (error) {
      provider.end(error instanceof Error ? error : new ModelWireError(String(error)))
      throw error
    } finally {
      this.#providers.delete(provider.peer)
    }
  }

  /** Takes chunk after chunk; a provider that has none of use at the moment may have later. */
  async #drawLane(provider: Provider): Promise<void> {
    const { signal } = this.#ended
    for (;;) {
      signal.throwIfAborted()
      await this.#agree(provider)
      const index = this.#pick(provider)
      if (index === undefined) {
        await this.#askAgain(provider)
      } else {
        await this.#take(provider, index)
      }
    }
  }

  async #askAgain(provider: Provider): Promise<void> {
    const { signal } = this.#ended
    await sleep(REFRESH_MS, undefined, { signal, ref: false })
    await provider.refresh({ signal })
  }

  async #take(provider: Provider, index: number): Promise<void> {
    const { signal } = this.#ended
    const partial = this.#partial
    this.#asked.set(index, (this.#asked.get(index) ?? 0) + 1)
    try {
      const chunk = await provider.chunk(index, { signal })
      if (chunk === undefined) {
        await this.#askAgain(provider)
        return
      }
      // meanwhile another provider may have sent it, or most speak of another chain
      if (partial === undefined || partial !== this.#partial || partial.has[index]) {
        return
      }
      const put = await partial.put(index, chunk)
      if (put === 'false') {
        throw new FalseChunkError(`chunk ${index} does not fit the chain of hashes that it goes by itself`)
      }
      if (put === 'kept') {
        this.#arrived(index, provider.peer)
      }
    } finally {
      this.#asked.set(index, (this.#asked.get(index) ?? 1) - 1)
    }
  }

  /**
   * The rarest of the missing chunks that this provider has; by chance among equals, so that peers that fetch together ask
   * for different ones. When all are asked for, one that another provider is slow with.
   */
  #pick({ have }: Provider): number | undefined {
    if (have === undefined || have.digest !== this.#digest || this.#partial === undefined) {
      return undefined
    }
    const { has } = this.#partial
    const agreeing = [...this.#providers.values()].filter(provider => provider.have?.digest === this.#digest)
    let best: number | undefined
    let least = Number.POSITIVE_INFINITY
    for (let index = 0; index < has.length; index++) {
      if (!has[index] && have.chunks[index]) {
        const copies = agreeing.reduce((sum, { have }) => sum + Number(have?.chunks[index] ?? false), 0)
        const rank = (this.#asked.get(index) ?? 0) * agreeing.length + copies + Math.random()
        if (rank < least) {
          best = index
          least = rank
        }
      }
    }
    return best
  }

  /** Goes over to the chain of this provider if more speak of it than of the one in use. */
  async #agree(provider: Provider): Promise<void> {
    const turn = this.#adopting.then(async () => {
      const { have } = provider
      if (have !== undefined && have.digest !== this.#digest && this.#votes(have.digest) > this.#votes(this.#digest)) {
        await this.#prove(provider, have)
      }
    })
    this.#adopting = turn.catch(() => {})
    await turn
  }

  #votes(digest: string | undefined): number {
    return [...this.#providers.values()].filter(({ have }) => have !== undefined && have.digest === digest).length
  }

  /** The last chunk first: with it a chain proves its end, and so the size, before anything is reserved for the others. */
  async #prove(provider: Provider, have: Have): Promise<void> {
    const { id, cache } = this.#init
    const { signal } = this.#ended
    const last = chunkCount(have.size) - 1
    const chain = have.chunks[last] ? await provider.chain(have, { signal }) : undefined
    const chunk = chain && (await provider.chunk(last, { signal }))
    if (chain === undefined || chunk === undefined) {
      return
    }
    if (!isLink(id, chain, last, chunk)) {
      throw new FalseChunkError('its last chunk does not lead to the content id')
    }
    signal.throwIfAborted()
    const begun = await cache.begin(id, chain).catch(error => {
      this.#complete.reject(error)
      throw error
    })
    const put = await begun.put(last, chunk)
    await this.#adopt(begun)
    if (put === 'kept') {
      this.#arrived(last, provider.peer)
    }
  }

  async #adopt(partial: PartialModel | undefined): Promise<void> {
    const before = this.#partial
    this.#partial = partial
    this.#digest = partial && chainDigest(partial.chain)
    await before?.close()
    if (partial?.complete) {
      this.#complete.resolve(partial)
    }
  }

  #arrived(chunk: number, from: string): void {
    const { progress } = this.#init
    const partial = this.#partial
    if (partial === undefined) {
      return
    }
    this.#patience.refresh()
    const of = partial.has.length
    progress?.({ chunk, chunks: of - partial.missing, of, bytes: partial.chain.size, from })
    if (partial.complete) {
      this.#complete.resolve(partial)
    }
  }

  #giveUp(): void {
    const { id, timeouts } = this.#init
    const why = [...this.#failures].map(([peer, { message }]) => `\n  ${peer}: ${message}`).join('')
    this.#complete.reject(
      new ModelUnavailableError(
        `no chunk of model ${id} came for ${timeouts.patience} ms: is a peer that has it connected? What came is kept, and fetching it again goes on from there${why}`
      )
    )
  }
}
