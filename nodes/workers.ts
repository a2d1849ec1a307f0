import type { Logger, PeerId } from '@libp2p/interface'
import { raceSignal } from 'race-signal'
import type { Infer, RemoteWorker } from '../protocols/infer/index.ts'
import type { Fleet, Times } from '../src/fleet/index.ts'
import type { Clock, Millis, WorkerChannel, WorkerId } from '../src/inference/index.ts'
import { type Model, type ModelId, type Variants, variantsId } from '../src/models/index.ts'
import { servedModel } from './served-model.ts'
import { variantChannel } from './variant-channel.ts'

/** A peer that does not answer is asked again after this long, then twice as long, and so on. */
const FIRST_RETRY: Millis = 500
const LAST_RETRY: Millis = 60_000

/** A worker that was reached and whose models are confirmed. */
export interface WorkerInfo {
  /** Peer id. */
  id: WorkerId
  /** This peer itself. */
  local: boolean
  models: readonly Model[]
  /** Within which ms it answered half of its tasks, and 99 of 100, by model id; only where measured. */
  times: Record<ModelId, Times>
}

export interface WorkersInit {
  infer: Infer
  fleet: Fleet
  clock: Clock
  log: Logger
  /** The worker in this same peer, if it serves models. */
  local: { channel: WorkerChannel; models: readonly Model[] } | undefined
  /** What stands for the host of a connected worker: those on one host fail together. */
  hostOf(worker: WorkerId): string | undefined
  /** A worker came. */
  joined(): void
}

interface Candidate {
  peer: PeerId
  retryAt: Millis
  retryAfter: Millis
}

/** The peers that may serve models, and an open stream to each that does: seen is not reached. */
export class Workers {
  readonly #init: WorkersInit
  readonly #candidates = new Map<WorkerId, Candidate>()
  readonly #reached = new Map<WorkerId, Pick<RemoteWorker, 'channel' | 'models'> & Partial<RemoteWorker>>()
  readonly #reaching = new Map<WorkerId, Promise<void>>()
  /** Stops the timers of those that are to be reached again. */
  readonly #again = new Map<WorkerId, () => void>()
  readonly #stopped = new AbortController()
  /** Those that callers allowed, by the id under which they stand for one model. */
  readonly #variants = new Map<ModelId, Variants>()
  #wanted = false
  #changed = Promise.withResolvers<void>()

  constructor(init: WorkersInit) {
    this.#init = init
    if (init.local !== undefined) {
      this.#join(init.local.channel.worker, init.local)
    }
  }

  /** A connected peer says that it speaks the protocol. It is only a hint: it becomes a worker once it was reached. */
  seen(peer: PeerId): void {
    const id = peer.toString()
    this.#candidates.set(id, this.#candidates.get(id) ?? { peer, retryAt: 0, retryAfter: FIRST_RETRY })
    if (this.#wanted) {
      this.#reach(id)
    }
  }

  /** The last connection to a peer closed. */
  lost(peer: PeerId): void {
    this.#candidates.delete(peer.toString())
  }

  /** Reaches out to every candidate from now on: this peer wants to be master. */
  want(): void {
    this.#wanted = true
    for (const id of this.#candidates.keys()) {
      this.#reach(id)
    }
  }

  channel(id: WorkerId): WorkerChannel | undefined {
    const channel = this.#reached.get(id)?.channel
    return channel && variantChannel(channel, model => this.variantOf(id, model)?.id)
  }

  /** From now on, workers that serve any of these variants serve a model of the returned id. */
  allow(variants: Variants): ModelId {
    const id = variantsId(variants)
    if (!this.#variants.has(id)) {
      this.#variants.set(id, variants)
      for (const worker of this.#reached.keys()) {
        this.#addVariants(worker)
      }
    }
    return id
  }

  /** What this worker runs of a model that stands for several variants; undefined if it serves none of them. */
  variantOf(worker: WorkerId, model: ModelId): Model | undefined {
    const served = this.#reached.get(worker)?.models ?? []
    const [first] = (this.#variants.get(model)?.variants ?? []).flatMap(({ id }) =>
      served.filter(each => each.id === id)
    )
    return first
  }

  /**
   * The model meant by `asked`: a model id, a name, or `name@` and the first digits of an id.
   *
   * @returns `undefined` while no worker serves it
   * @throws {AmbiguousModelError} workers serve different models that fit
   */
  model(asked: string): Model | undefined {
    const variants = this.#variants.get(asked)
    if (variants === undefined) {
      return servedModel(this.#reached.values(), asked)
    }
    for (const worker of this.#reached.keys()) {
      const variant = this.variantOf(worker, asked)
      if (variant !== undefined) {
        return { id: asked, name: variants.name, signature: variant.signature }
      }
    }
    return undefined
  }

  count(model: Model): number {
    return this.#init.fleet.count(model.id)
  }

  /** The share of answers that take longer than `ms`, as far as it is measured. */
  late(model: Model, ms: Millis): number | undefined {
    return this.#init.fleet.late(model.id, ms)
  }

  /** By when an answer can be expected, where nobody says; `undefined` while too few were measured. */
  deadline(model: Model): Millis | undefined {
    return this.#init.fleet.usualDeadline(model.id)
  }

  /** Is anybody being asked right now which models it serves? */
  get reaching(): boolean {
    return this.#reaching.size > 0
  }

  list(): WorkerInfo[] {
    const { fleet, local } = this.#init
    return [...this.#reached].map(([id, { models }]) => {
      const measured = models.flatMap(model => {
        const times = fleet.times(id, model.id)
        return times === undefined ? [] : [[model.id, times]]
      })
      return { id, local: id === local?.channel.worker, models, times: Object.fromEntries(measured) }
    })
  }

  /** Asks those who wait whether they still do: something else that they wait for has changed. */
  reconsider(): void {
    this.#tell()
  }

  /** Resolves once `holds()` does; it is asked again whenever workers come, go, or could not be reached. */
  async until(holds: () => boolean, signal: AbortSignal): Promise<void> {
    while (!holds()) {
      await raceSignal(this.#changed.promise, signal)
    }
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    this.#again.forEach(disarm => {
      disarm()
    })
    await Promise.all(this.#reaching.values())
    await Promise.all([...this.#reached.values()].map(worker => worker.close?.()))
  }

  #reach(id: WorkerId): void {
    const { clock, log } = this.#init
    const candidate = this.#candidates.get(id)
    if (candidate === undefined || this.#reached.has(id) || this.#reaching.has(id) || clock.now() < candidate.retryAt) {
      return
    }
    const reaching = this.#connect(candidate)
      .catch(err => {
        candidate.retryAt = clock.now() + candidate.retryAfter
        this.#reachLater(id, candidate.retryAfter)
        candidate.retryAfter = Math.min(2 * candidate.retryAfter, LAST_RETRY)
        log('could not reach worker %p - %e', candidate.peer, err)
      })
      .finally(() => {
        this.#reaching.delete(id)
        this.#tell()
      })
    this.#reaching.set(id, reaching)
  }

  async #connect(candidate: Candidate): Promise<void> {
    const { infer, log } = this.#init
    const worker = await infer.connect(candidate.peer, { signal: this.#stopped.signal })
    candidate.retryAfter = FIRST_RETRY
    this.#join(worker.id, worker)
    void worker.closed.then(reason => {
      log('worker %p left - %e', worker.peer, reason)
      this.#leave(worker.id)
      this.#reachLater(worker.id, FIRST_RETRY)
    })
  }

  /**
   * If it is a candidate then. A host that moved may have dialled while its old connection was being found dead: it is connected, and
   * nobody sees it come once more.
   */
  #reachLater(id: WorkerId, after: Millis): void {
    const { clock } = this.#init
    if (this.#stopped.signal.aborted) {
      return
    }
    this.#again.get(id)?.()
    const reach = (): void => {
      this.#again.delete(id)
      const candidate = this.#candidates.get(id)
      if (candidate !== undefined) {
        candidate.retryAt = 0
        this.#reach(id)
      }
    }
    this.#again.set(id, clock.setTimer(clock.now() + after, reach))
  }

  #join(id: WorkerId, worker: Pick<RemoteWorker, 'channel' | 'models'>): void {
    this.#reached.set(id, worker)
    this.#init.fleet.add(
      id,
      worker.models.map(model => model.id),
      { domain: this.#init.hostOf(id) }
    )
    this.#addVariants(id)
    this.#init.joined()
    this.#tell()
  }

  #addVariants(worker: WorkerId): void {
    for (const id of this.#variants.keys()) {
      if (this.variantOf(worker, id) !== undefined) {
        this.#init.fleet.addModel(worker, id)
      }
    }
  }

  #leave(id: WorkerId): void {
    this.#reached.delete(id)
    this.#init.fleet.remove(id)
    this.#tell()
  }

  #tell(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}
