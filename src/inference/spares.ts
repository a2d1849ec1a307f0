import { atLeast, type Fleet, type WorkerId } from '../fleet/index.ts'
import { type Millis, SELF } from './channel.ts'
import type { Group } from './group.ts'
import type { Placement } from './placement.ts'
import { isSystematic } from './plan.ts'

/** Tasks are held back where those that were sent are enough by the deadline but for this probability, ε. */
const EPSILON = 0.01
/** A task is late after so many times what workers take for half of their tasks. */
const LATE = 1.4
/** Of one that is late, copies leave until one of them is in time but for this probability: more than ε, for others may follow. */
const EPSILON_OF_COPIES = 0.05
/** So often a group is looked at in the time that makes a task late, since workers become idle in between. */
const LOOKS = 4
/** So often at most until its deadline. */
const MOST_LOOKS = 100
/** What groups did without may be spent on others that are late, up to so many times N: trouble has no avalanche. */
const MOST_SAVED = 2

export interface SparesInit {
  fleet: Fleet
  /** Calls `fire` at that moment, if the group is still in progress. */
  arm(group: Group, at: Millis, fire: (now: Millis) => void): void
  /** Sends a task to a worker that has not had it. */
  send(group: Group, placement: Placement, worker: WorkerId, now: Millis): void
}

/**
 * Has the fewest tasks leave that are enough by the deadline. Of those that are late then, copies leave to workers that are
 * idle, as many as one of which is enough: no more than groups did without before, so that all together send at most N tasks
 * a group. Where nobody is idle nothing is sent: redundancy falls as the fleet gets busy.
 */
export class Spares {
  readonly #init: SparesInit
  readonly #watched = new WeakSet<Group>()
  /** Tasks that groups did without. */
  #saved = 0

  constructor(init: SparesInit) {
    this.#init = init
  }

  /** May the tasks that were not sent wait, since those that were are enough? */
  holdsBack(group: Group, now: Millis): boolean {
    const { plan } = group
    // As long as nobody can tell who is late, nothing is held back.
    if (plan.spec.fewest !== true || !plan.closed || this.#init.fleet.usualTime(plan.spec.model) === undefined) {
      return false
    }
    const needed = isSystematic(plan.spec) ? plan.size : plan.n - group.stragglers
    const sent = group.placements.filter(({ attempts }) => attempts.length > 0).length
    if (sent < needed || !this.#enough(group, now)) {
      return false
    }
    if (!this.#watched.has(group)) {
      this.#watched.add(group)
      this.#saved = Math.min(this.#saved + plan.n - sent, MOST_SAVED * plan.n)
      this.#watch(group, now)
    }
    return true
  }

  /** Will every query have a result of its own, or N − s results be in, by the deadline? */
  #enough(group: Group, now: Millis): boolean {
    const { plan, deadlineAt, placements } = group
    const arrived = placements.filter(hasResult)
    const out = placements.filter(isOut)
    if (isSystematic(plan.spec)) {
      const isOwn = ({ task }: Placement): boolean => task.index < plan.size
      const own = out.filter(isOwn)
      const missing = plan.size - arrived.filter(isOwn).length
      if (own.length >= missing && this.#inTime(own, missing, deadlineAt - now) >= 1 - EPSILON) {
        return true
      }
    }
    const missing = plan.n - group.stragglers - arrived.length
    return out.length >= missing && this.#inTime(out, missing, deadlineAt - now) >= 1 - EPSILON
  }

  /** P(at least so many of these tasks are answered within `ms`). */
  #inTime(tasks: readonly Placement[], count: number, ms: Millis): number {
    const { fleet } = this.#init
    // Those at one worker are late together.
    const parts = new Map<WorkerId, { probability: number; count: number }>()
    for (const { task, attempts } of tasks) {
      const { worker, bytes } = attempts[0]
      const part = parts.get(worker) ?? { probability: fleet.inTime(worker, task.model, ms, bytes), count: 0 }
      parts.set(worker, { ...part, count: part.count + 1 })
    }
    return atLeast(count, [...parts.values()])
  }

  #watch(group: Group, now: Millis): void {
    const { model, deadline } = group.plan.spec
    const usual = this.#init.fleet.usualTime(model, group.placements[0]?.attempts[0]?.bytes)
    if (usual !== undefined) {
      const late = Math.max(LATE * usual, deadline / MOST_LOOKS)
      this.#look(group, now + late, late)
    }
  }

  #look(group: Group, at: Millis, late: Millis): void {
    this.#init.arm(group, at, fired => {
      // A timer may fire a millisecond early.
      const now = Math.max(at, fired)
      this.#copy(group, { now, late })
      this.#look(group, now + Math.max(late / LOOKS, group.plan.spec.deadline / MOST_LOOKS), late)
    })
  }

  /** One copy of each task that is late, then another of those for which that is not enough, and so on. */
  #copy(group: Group, { now, late }: { now: Millis; late: Millis }): void {
    const short = (placement: Placement): boolean => this.#risk(placement, { now, late }) > EPSILON_OF_COPIES
    let waiting = group.placements.filter(isOut).filter(short)
    while (waiting.length > 0) {
      for (const placement of waiting) {
        const idle = this.#idle(group, placement, now)
        if (idle === undefined || this.#saved < 1) {
          return
        }
        this.#saved--
        this.#init.send(group, placement, idle, now)
      }
      waiting = waiting.filter(short)
    }
  }

  /** The probability that no copy of a task is in time of those that are not late themselves; 0 where the task is not. */
  #risk({ task, attempts }: Placement, { now, late }: { now: Millis; late: Millis }): number {
    const { fleet } = this.#init
    const inTime = attempts.filter(({ status, submittedAt }) => status === 'waiting' && submittedAt + late > now)
    return inTime.includes(attempts[0])
      ? 0
      : inTime.reduce((risk, { worker, bytes }) => risk * (1 - (fleet.within(worker, task.model, late, bytes) ?? 0)), 1)
  }

  /** A worker that has nothing to do, and nothing of this group. */
  #idle({ placements }: Group, { task }: Placement, now: Millis): WorkerId | undefined {
    const { fleet } = this.#init
    const had = new Set(placements.flatMap(({ attempts }) => attempts.map(({ worker }) => worker)))
    return fleet
      .choose(task.model, { count: had.size + 1, expendable: 0 }, now)
      .find(worker => !had.has(worker) && fleet.isIdle(worker))
  }
}

function hasResult({ attempts }: Placement): boolean {
  return attempts.some(({ status }) => status === 'result')
}

/** Does a worker have it? */
function isOut({ attempts }: Placement): boolean {
  return attempts.some(({ status, worker }) => status === 'waiting' && worker !== SELF)
}
