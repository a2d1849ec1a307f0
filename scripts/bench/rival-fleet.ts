import { type Choice, Fleet, type Timings, type WorkerId } from '../../src/fleet/index.ts'
import type { Load, Policy } from './selection-policies.ts'

/**
 * A fleet in which another policy chooses the workers. It is told all that ours is, late answers and which tasks a worker let
 * go of included. What is measured is kept all the same: when a task is late is told by it, whoever chooses.
 */
export class RivalFleet extends Fleet {
  readonly #policy: Policy
  readonly #workers = new Map<WorkerId, Load>()

  constructor(policy: Policy) {
    super()
    this.#policy = policy
  }

  override add(worker: WorkerId, models: Iterable<string>, where: { domain?: string } = {}): void {
    const served = [...models]
    super.add(worker, served, where)
    if (served.length > 0) {
      this.#workers.set(worker, { worker, outstanding: 0 })
    }
  }

  override remove(worker: WorkerId): void {
    super.remove(worker)
    this.#workers.delete(worker)
  }

  override began(worker: WorkerId, model: string, now: number, bytes?: number): void {
    super.began(worker, model, now, bytes)
    this.#outstanding(worker, 1)
    this.#policy.began?.(worker)
  }

  override answered(
    worker: WorkerId,
    model: string,
    timings: Timings,
    when: { now: number; late?: boolean; bytes?: number }
  ): void {
    super.answered(worker, model, timings, when)
    this.#policy.answered?.(worker, timings, when.now)
    this.#outstanding(worker, -1)
  }

  override failed(worker: WorkerId, now: number): void {
    super.failed(worker, now)
    this.#outstanding(worker, -1)
  }

  override gaveUp(worker: WorkerId, model: string, afterMs: number, when: { now: number; bytes?: number }): void {
    super.gaveUp(worker, model, afterMs, when)
    this.#policy.gaveUp?.(worker, afterMs, when.now)
  }

  override dropped(worker: WorkerId, model: string, now: number): void {
    super.dropped(worker, model, now)
    this.#outstanding(worker, -1)
  }

  override choose(_model: string, { count }: Choice, now: number): WorkerId[] {
    return this.#policy.choose([...this.#workers.values()], count, now).map(({ worker }) => worker)
  }

  /** What a policy tries beside its choice is its own affair. */
  override tryOut(): undefined {}

  #outstanding(worker: WorkerId, change: 1 | -1): void {
    const load = this.#workers.get(worker)
    if (load !== undefined) {
      load.outstanding = Math.max(0, load.outstanding + change)
    }
  }
}
