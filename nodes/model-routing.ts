import { setTimeout as sleep } from 'node:timers/promises'
import type { AbortOptions, ContentRouting, Libp2pEvents, Logger, PeerId, TypedEventTarget } from '@libp2p/interface'
import type { AddressManager, ConnectionManager } from '@libp2p/interface-internal'
import { CID } from 'multiformats/cid'
import type { Clock, Millis } from '../src/inference/index.ts'
import { cidOf, type ModelId } from '../src/models/index.ts'

/** Peers that join later may be better placed to be asked: it is said again after this long, then twice as long, and so on. */
const FIRST_REPEAT: Millis = 10_000
const LAST_REPEAT: Millis = 3_600_000
/** The same for a search, as long as somebody asks for the model. */
const FIRST_SEARCH: Millis = 1000
const LAST_SEARCH: Millis = 10_000
/** A router that has no peers yet waits for some. */
const LONGEST_RUN: Millis = 10_000
/** Who has not asked for so long wants no more workers. */
const INTEREST: Millis = 60_000

export interface ModelRoutingComponents {
  peerId: PeerId
  contentRouting: ContentRouting
  connectionManager: ConnectionManager
  addressManager: AddressManager
  events: TypedEventTarget<Libp2pEvents>
}

export interface ModelRoutingInit {
  clock: Clock
  log: Logger
  /** A search came to an end. */
  searched(): void
}

/** Workers of a model by its content id, through the content routers of the node: a DHT, or none. */
export class ModelRouting {
  readonly #components: ModelRoutingComponents
  readonly #init: ModelRoutingInit
  readonly #stopped = new AbortController()
  readonly #running = new Set<Promise<void>>()
  readonly #wantedUntil = new Map<ModelId, Millis>()
  #searches = 0

  constructor(components: ModelRoutingComponents, init: ModelRoutingInit) {
    this.#components = components
    this.#init = init
  }

  /** Is anybody being looked for, or dialled, right now? */
  get searching(): boolean {
    return this.#searches > 0
  }

  /** Tells the network, now and again and whenever this peer's addresses change, that it serves these models. */
  announce(models: readonly ModelId[]): void {
    const { addressManager, events } = this.#components
    let known = ''
    let moved = new AbortController()
    const look = (): void => {
      const addresses = addressManager.getAddresses().join()
      if (addresses !== known) {
        known = addresses
        moved.abort()
        moved = new AbortController()
        // before it has an address there is nothing to tell
        if (addresses !== '') this.#tell(models, moved.signal)
      }
    }
    events.addEventListener('self:peer:update', look, { signal: this.#stopped.signal })
    look()
  }

  /** Looks for workers of a model and connects to them, for as long as it is asked for now and then. */
  seek(model: ModelId): void {
    const { clock } = this.#init
    const sought = this.#wantedUntil.has(model)
    this.#wantedUntil.set(model, clock.now() + INTEREST)
    if (!sought) {
      const lost = new AbortController()
      this.#repeat([FIRST_SEARCH, LAST_SEARCH], lost.signal, async signal => {
        await this.#search(model, { signal })
        if (clock.now() > (this.#wantedUntil.get(model) ?? 0)) {
          this.#wantedUntil.delete(model)
          lost.abort()
        }
      })
    }
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    await Promise.all(this.#running)
  }

  #tell(models: readonly ModelId[], until: AbortSignal): void {
    for (const model of models) {
      this.#repeat([FIRST_REPEAT, LAST_REPEAT], until, signal =>
        this.#components.contentRouting.provide(CID.parse(cidOf(model)), { signal })
      )
    }
  }

  async #search(model: ModelId, options: AbortOptions): Promise<void> {
    const { contentRouting, connectionManager, peerId } = this.#components
    const { log, searched } = this.#init
    const dials: Array<Promise<unknown>> = []
    this.#searches++
    try {
      for await (const { id } of contentRouting.findProviders(CID.parse(cidOf(model)), options)) {
        if (!id.equals(peerId)) {
          dials.push(connectionManager.openConnection(id, options).catch(err => log('could not dial %p - %e', id, err)))
        }
      }
    } finally {
      await Promise.all(dials)
      this.#searches--
      searched()
    }
  }

  #repeat([first, last]: [Millis, Millis], until: AbortSignal, work: (signal: AbortSignal) => Promise<void>): void {
    const signal = AbortSignal.any([this.#stopped.signal, until])
    const run = async (): Promise<void> => {
      for (let pause = first; !signal.aborted; pause = Math.min(2 * pause, last)) {
        try {
          await work(AbortSignal.any([signal, AbortSignal.timeout(LONGEST_RUN)]))
        } catch (err) {
          // a node without routers gets none later
          if (err instanceof Error && err.name === 'NoContentRoutersError') return
          this.#init.log('content routing failed - %e', err)
        }
        await sleep(pause, undefined, { signal }).catch(() => {})
      }
    }
    const running = run().finally(() => this.#running.delete(running))
    this.#running.add(running)
  }
}
