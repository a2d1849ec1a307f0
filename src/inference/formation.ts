import type { NamedTensors } from '../models/index.ts'
import type { Millis } from './channel.ts'
import type { CallId, MasterEvent } from './events.ts'
import type { Group } from './group.ts'
import type { PlanSpec } from './plan.ts'

interface Batch {
  queries: readonly NamedTensors[]
  spec: PlanSpec
  /** Index of the first query that is not in a group yet. */
  next: number
  /** Groups in progress. */
  running: number
  concurrency: number
}

export interface FormationInit {
  open(spec: PlanSpec): Group
  /** Sends what can leave of a group that is still open. */
  dispatch(group: Group): void
  /** The group is full, or has waited long enough. */
  close(group: Group): void
  /** Has {@link Formation.advance} called once what was sent so far is known to the fleet. */
  more(call: CallId): void
  /** Calls `fire` at that moment, if the group is still in progress. */
  arm(group: Group, after: Millis, fire: () => void): void
}

/** Which query goes into which group: batches into groups of their own, single queries into the open group of their lane. */
export class Formation {
  readonly #init: FormationInit
  readonly #batches = new Map<CallId, Batch>()
  /** The open group of each lane of single queries. */
  readonly #open = new Map<string, Group>()

  constructor(init: FormationInit) {
    this.#init = init
  }

  /** Batches and lanes that are held. */
  get held(): number {
    return this.#batches.size + this.#open.size
  }

  batch({ call, queries, spec, concurrency }: Extract<MasterEvent, { type: 'batch' }>): void {
    this.#batches.set(call, { queries, spec, concurrency, next: 0, running: 0 })
    this.advance(call)
  }

  /** Puts a single query into the open group of its lane; the group closes when it is full or has waited long enough. */
  join({ call, query, spec, lane }: Extract<MasterEvent, { type: 'query' }>): void {
    let group = this.#open.get(lane)
    if (group === undefined) {
      const opened = this.#init.open(spec)
      group = opened
      this.#open.set(lane, opened)
      this.#init.arm(opened, Math.min(spec.maxWait, spec.deadline / 2), () => {
        // One that was full is closed already: closed again, it would be decoded as if nothing had been learned of its plan.
        if (this.#open.get(lane) === opened) {
          this.#close(opened)
        }
      })
    }
    group.add({ call, position: 0 }, query)
    this.#init.dispatch(group)
    if (group.plan.size === spec.k) {
      this.#close(group)
    }
  }

  /** A group is no longer in progress. */
  ended(group: Group): void {
    this.#leaveLane(group)
    for (const call of new Set(group.members.map(member => member.call))) {
      const batch = this.#batches.get(call)
      if (batch !== undefined) {
        batch.running--
        this.advance(call)
      }
    }
  }

  /** The queries of a call that are in no group yet never will be. */
  abort(call: CallId): void {
    const batch = this.#batches.get(call)
    if (batch !== undefined) {
      batch.queries = batch.queries.slice(0, batch.next)
      this.#forgetIfDone(call, batch)
    }
  }

  /**
   * Starts another group of a batch, if one more may be in progress. One at a time: groups that start together would all choose the
   * same workers, for none would know whom the others have asked.
   */
  advance(call: CallId): void {
    const batch = this.#batches.get(call)
    if (batch === undefined) {
      return
    }
    const { queries, spec } = batch
    const mayStart = (): boolean => batch.running < batch.concurrency && batch.next < queries.length
    if (mayStart()) {
      const group = this.#init.open(spec)
      const end = Math.min(batch.next + spec.k, queries.length)
      for (; batch.next < end; batch.next++) {
        group.add({ call, position: batch.next }, queries[batch.next])
      }
      batch.running++
      this.#close(group)
      if (mayStart()) {
        this.#init.more(call)
      }
    }
    this.#forgetIfDone(call, batch)
  }

  #forgetIfDone(call: CallId, batch: Batch): void {
    if (batch.running === 0 && batch.next >= batch.queries.length) {
      this.#batches.delete(call)
    }
  }

  #close(group: Group): void {
    this.#leaveLane(group)
    this.#init.close(group)
  }

  #leaveLane(group: Group): void {
    for (const [lane, open] of this.#open) {
      if (open === group) {
        this.#open.delete(lane)
      }
    }
  }
}
