import type { Fleet } from '../fleet/index.ts'
import { type Millis, SELF } from './channel.ts'
import type { Group } from './group.ts'

/** So many of the master's own runs are ready by the time that they are taken to take. */
const OWN_SHARE = 0.9

export interface RescueInit {
  fleet: Fleet
  /** Calls `fire` at that moment, if the group is still in progress. */
  arm(group: Group, at: Millis, fire: (now: Millis) => void): void
  /** Sends the tasks of a group that were not sent yet. */
  dispatch(group: Group, now: Millis): void
}

/** Has the master run by itself what is missing shortly before the deadline, as late as it can still be ready. */
export class Rescue {
  readonly #init: RescueInit

  constructor(init: RescueInit) {
    this.#init = init
  }

  /** A group was closed. */
  watch(group: Group): void {
    if (group.plan.rescue !== undefined) {
      this.#arm(group, this.#latest(group, group.plan.size))
    }
  }

  #arm(group: Group, at: Millis): void {
    this.#init.arm(group, at, now => this.#look(group, now))
  }

  #look(group: Group, now: Millis): void {
    const { missing, plan, deadlineAt } = group
    const each = this.#ownTime(group)
    if (each === undefined || missing.length === 0) {
      return
    }
    const latest = this.#latest(group, missing.length)
    if (latest > now) {
      this.#arm(group, latest)
      return
    }
    group.place(plan.rescue?.(missing.slice(0, Math.floor((deadlineAt - now) / each))) ?? [])
    this.#init.dispatch(group, now)
  }

  /** When it is just early enough to run so many queries one after the other; in the second half of the time at the earliest. */
  #latest(group: Group, queries: number): Millis {
    const { startedAt, deadlineAt, plan } = group
    const halfway = startedAt + plan.spec.deadline / 2
    const each = this.#ownTime(group)
    return each === undefined ? halfway : Math.max(halfway, deadlineAt - (queries + 1) * each)
  }

  /** How long the deployed model takes on the master itself; as long as that was not measured, what it takes on workers. */
  #ownTime({ plan, placements }: Group): Millis | undefined {
    return this.#init.fleet.answersWithin(SELF, plan.spec.model, OWN_SHARE, placements[0]?.attempts[0]?.bytes)
  }
}
