import type { Logger, PeerId } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import type { Multiaddr } from '@multiformats/multiaddr'
import { type Clock, type Millis, NoWorkersError } from '../src/inference/index.ts'
import { type Model, parseModelId } from '../src/models/index.ts'
import type { CodedOptions, Hint, WaitOptions } from './coded-inference.ts'
import type { ModelRouting } from './model-routing.ts'
import { isMeant } from './served-model.ts'
import type { Workers } from './workers.ts'

export interface ModelReachInit {
  workers: Workers
  routing: ModelRouting
  connectionManager: ConnectionManager
  clock: Clock
  log: Logger
}

/** Who has not asked for a model for so long wants no more workers of it. */
const INTEREST: Millis = 60_000

/** Reaches out to workers of a model, and waits for them. */
export class ModelReach {
  readonly #init: ModelReachInit
  /** What was asked for, and until when that counts. */
  readonly #sought = new Map<string, Millis>()

  constructor(init: ModelReachInit) {
    this.#init = init
  }

  /** Resolves when so many workers that serve the model were reached. */
  async workers({ model: asked, count = 1, signal }: WaitOptions): Promise<void> {
    const { workers } = this.#init
    workers.want()
    this.seek(asked)
    const enough = (): boolean => {
      const model = workers.model(asked)
      return model !== undefined && workers.count(model) >= count
    }
    await workers.until(enough, signal ?? new AbortController().signal)
  }

  /**
   * The model that is asked for. A master that knows no worker for it yet waits: until one is reached, and on for as long
   * as others are being reached and half of the time is left, so that the first group is not all sent to the first.
   *
   * @throws {NoWorkersError} none was found in time
   */
  async model({ model: asked, n = 1, deadline = 1000, signal }: CodedOptions): Promise<Model> {
    const { workers, routing } = this.#init
    signal?.throwIfAborted()
    workers.want()
    this.seek(asked)
    const known = workers.model(asked)
    if (known !== undefined) {
      return known
    }
    const settled = (): boolean => {
      const model = workers.model(asked)
      return model !== undefined && (workers.count(model) >= n || !(workers.reaching || routing.searching))
    }
    await this.#waitAtMost(deadline / 2, settled, signal)
    await this.#waitAtMost(deadline / 2, () => workers.model(asked) !== undefined, signal)
    const model = workers.model(asked)
    if (model === undefined) {
      throw new NoWorkersError(
        `no worker that serves '${asked}' was found within ${deadline} ms: check that workers run, that their addresses are given, and that they serve it`
      )
    }
    return model
  }

  /** By its content id, whoever serves a model can be looked for; by a name, once somebody is known who serves it. */
  seek(asked: string): void {
    const { workers, routing, clock } = this.#init
    this.#sought.set(asked, clock.now() + INTEREST)
    const id = parseModelId(asked) ?? workers.model(asked)?.id
    if (id !== undefined) {
      routing.seek(id)
    }
  }

  /** A peer is said to serve models: it is dialled if one of them was asked for lately, and what it serves is then up to it. */
  heard({ peer, addresses, models }: Hint): void {
    const { connectionManager, clock, log } = this.#init
    for (const [asked, until] of this.#sought) {
      if (until < clock.now()) this.#sought.delete(asked)
    }
    const wanted = [...this.#sought.keys()].some(asked => models.some(model => isMeant(model, asked)))
    if (wanted && connectionManager.getConnections(peer).length === 0) {
      const target = addresses.length === 0 ? peer : addresses.map(address => withPeer(address, peer))
      connectionManager.openConnection(target).catch(err => log('could not dial %p, who was heard of - %e', peer, err))
    }
  }

  /** Waits until something about the workers holds; gives up quietly when the time is over. */
  async #waitAtMost(ms: Millis, holds: () => boolean, signal: AbortSignal | undefined): Promise<void> {
    const { workers, clock } = this.#init
    const late = new AbortController()
    const disarm = clock.setTimer(clock.now() + ms, () => late.abort())
    const either = signal === undefined ? late.signal : AbortSignal.any([late.signal, signal])
    try {
      await workers.until(holds, either)
    } catch (err) {
      signal?.throwIfAborted()
      if (!late.signal.aborted) {
        throw err
      }
    } finally {
      disarm()
    }
  }
}

function withPeer(address: Multiaddr, peer: PeerId): Multiaddr {
  const named = address.getComponents().some(({ name, value }) => name === 'p2p' && value === peer.toString())
  return named ? address : address.encapsulate(`/p2p/${peer}`)
}
