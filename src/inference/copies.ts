import type { Fleet, WorkerId } from '../fleet/index.ts'
import { type Millis, SELF } from './channel.ts'
import type { TaskId } from './events.ts'
import type { Group } from './group.ts'
import { HedgeCredit, patience } from './hedge.ts'
import type { Placement } from './placement.ts'

export interface CopiesInit {
  fleet: Fleet
  /** Calls `fire` at that moment, if the group is still in progress. */
  arm(group: Group, at: Millis, fire: (now: Millis) => void): void
  send(group: Group, placement: Placement, worker: WorkerId, now: Millis): void
  /** Sends a task to a worker that did not have it yet. */
  sendAgain(group: Group, placement: Placement, now: Millis): void
}

/** Has tasks sent to a second worker as well: where the caller asked for that, and to see what became of a worker. */
export class Copies {
  readonly #init: CopiesInit
  readonly #hedging = new HedgeCredit()

  constructor(init: CopiesInit) {
    this.#init = init
  }

  /** A task left for a worker: it is hedged when it is late. */
  hedge(group: Group, placement: Placement, { id, now }: { id: TaskId; now: Millis }): void {
    const { hedge, n } = group.plan.spec
    const { attempts } = placement
    const [{ worker }] = attempts
    if (hedge === undefined || worker === SELF || attempts.length > 1) {
      return
    }
    const { fleet, arm, sendAgain } = this.#init
    this.#hedging.earn(hedge, n)
    const after = patience(hedge, fleet, placement)
    if (after !== undefined) {
      arm(group, now + after, fired => {
        if (group.inFlight.has(id) && this.#hedging.spend()) {
          sendAgain(group, placement, fired)
        }
      })
    }
  }

  /** Tasks of a model left for workers that were chosen: now and then one goes to a worker of whom more is to be known. */
  tryOut(
    group: Group,
    sent: readonly Placement[],
    { chosen, now }: { chosen: readonly WorkerId[]; now: Millis }
  ): void {
    const placement = sent.at(-1)
    if (placement !== undefined && placement.task.runner === 'worker') {
      const tried = this.#init.fleet.tryOut(placement.task.model, { chosen, tasks: sent.length }, now)
      if (tried !== undefined) {
        this.#init.send(group, placement, tried, now)
      }
    }
  }
}
