import { type Choice, Fleet, type WorkerId } from '../../src/fleet/index.ts'
import { type Drive, type DriveInit, drive, type TaskTimings, type WorkerChannel } from '../../src/inference/index.ts'
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

  override began(worker: WorkerId, model: string, now: number): void {
    super.began(worker, model, now)
    this.#outstanding(worker, 1)
    this.#policy.began?.(worker)
  }

  override answered(worker: WorkerId, model: string, ms: number, when: { now: number; late?: boolean }): void {
    super.answered(worker, model, ms, when)
    this.#outstanding(worker, -1)
  }

  override failed(worker: WorkerId, now: number): void {
    super.failed(worker, now)
    this.#outstanding(worker, -1)
  }

  override gaveUp(worker: WorkerId, model: string, afterMs: number, now: number): void {
    super.gaveUp(worker, model, afterMs, now)
    this.#policy.gaveUp?.(worker, afterMs, now)
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

  /** {@link drive}, which tells the policy how long tasks waited and ran. */
  readonly drive = (init: DriveInit): Drive => {
    const { clock, channel } = init
    const tell = (worker: WorkerId, timings: TaskTimings): void => {
      this.#policy.answered?.(worker, timings, clock.now())
    }
    const driven = drive({
      ...init,
      channel: worker => {
        const found = channel(worker)
        return found && metered(found, timings => tell(worker, timings))
      }
    })
    return {
      dispatch: event => driven.dispatch(event),
      observe(observation) {
        driven.observe(observation)
        if (observation.timings !== undefined) {
          tell(observation.worker, observation.timings)
        }
      },
      get held() {
        return driven.held
      }
    }
  }

  #outstanding(worker: WorkerId, change: 1 | -1): void {
    const load = this.#workers.get(worker)
    if (load !== undefined) {
      load.outstanding = Math.max(0, load.outstanding + change)
    }
  }
}

function metered(channel: WorkerChannel, tell: (timings: TaskTimings) => void): WorkerChannel {
  return {
    worker: channel.worker,
    submit: (task, callbacks) =>
      channel.submit(task, {
        accepted: () => callbacks.accepted(),
        result(result) {
          tell(result.timings)
          callbacks.result(result)
        },
        failed: error => callbacks.failed(error)
      })
  }
}
