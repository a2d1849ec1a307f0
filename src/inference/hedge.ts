import type { Fleet } from '../fleet/index.ts'
import type { Millis } from './channel.ts'
import { InvalidPlanError } from './errors.ts'
import type { Placement } from './placement.ts'

/**
 * When a task is sent to a second worker as well: the first result of the two counts, and the other copy is then cancelled.
 * `{ after: 0, budget: 1 }` sends every task to two workers at once, as tied requests are; but no channel tells when a run
 * starts, so that it is the first result that cancels the other copy, not the first start.
 *
 * Source: Dean and Barroso, "The Tail at Scale", 2013.
 */
export interface Hedge {
  /** How long after the first: so many ms, or the time within which that worker answered in so many of 100 cases. */
  after: Millis | `p${number}`
  /** Second copies as a share of the tasks sent, 0 … 1. */
  budget: number
}

/** @throws {InvalidPlanError} it makes no sense */
export function checkHedge({ after, budget }: Hedge): void {
  if (!(budget > 0 && budget <= 1)) {
    throw new InvalidPlanError(`the budget of hedging is a share above 0 of the tasks, at most 1; got ${budget}`)
  }
  const share = typeof after === 'number' ? undefined : shareOf(after)
  const valid = share === undefined ? Number(after) >= 0 && Number.isFinite(after) : share > 0 && share < 1
  if (!valid) {
    throw new InvalidPlanError(
      `hedging is after a finite time of at least 0 ms, or after a percentile such as p95; got ${after}`
    )
  }
}

/** How long to wait for a task before it is sent to another worker too; `undefined` while that cannot be told. */
export function patience({ after }: Hedge, fleet: Fleet, { task, attempts }: Placement): Millis | undefined {
  const [{ worker, bytes }] = attempts
  return typeof after === 'number' ? after : fleet.answersWithin(worker, task.model, shareOf(after), bytes)
}

function shareOf(percentile: `p${number}`): number {
  return Number(percentile.slice(1)) / 100
}

/** What may be spent on second copies. It cannot be saved up for longer than a group, so that trouble has no avalanche. */
export class HedgeCredit {
  #copies = 1

  /** A task was sent for the first time. */
  earn({ budget }: Hedge, most: number): void {
    this.#copies = Math.min(this.#copies + budget, Math.max(most, 1))
  }

  /** Pays for a copy, if there is enough. */
  spend(): boolean {
    if (this.#copies < 1) {
      return false
    }
    this.#copies--
    return true
  }
}
