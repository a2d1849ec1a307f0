import type { Fleet, WorkerId } from '../fleet/index.ts'
import type { NamedTensors } from '../models/index.ts'
import type { Millis } from './channel.ts'
import type { CallId, Effect, GroupId, MasterEvent, StopReason, TaskId, TimerId } from './events.ts'
import { Group, type Placement } from './group.ts'
import { linearPlan, type PlanSpec } from './plan.ts'

/** How often a task that failed is sent again, each time to a worker that did not have it yet. */
const RETRIES = 1

interface Batch {
  queries: readonly NamedTensors[]
  spec: PlanSpec
  /** Index of the first query that is not in a group yet. */
  next: number
  /** Groups in progress. */
  running: number
  concurrency: number
}

/**
 * The master: a state machine without I/O. It is told what happened and when, and returns what is to be done; it holds
 * no timer, promise or connection. It reads the fleet, and never writes it.
 */
export class Master {
  readonly #fleet: Fleet
  readonly #groups = new Map<GroupId, Group>()
  readonly #batches = new Map<CallId, Batch>()
  /** The open group of each lane of single queries. */
  readonly #open = new Map<string, Group>()
  readonly #tasks = new Map<TaskId, Group>()
  readonly #timers = new Map<TimerId, () => void>()
  #nextId = 1
  #now: Millis = 0
  #effects: Effect[] = []

  constructor(fleet: Fleet) {
    this.#fleet = fleet
  }

  /** Groups, calls, tasks and timers that are held: all zero when no query is in progress. */
  get held(): number {
    return this.#groups.size + this.#batches.size + this.#open.size + this.#tasks.size + this.#timers.size
  }

  /** Takes one event in at a moment of the master's clock, and returns its effects in order. */
  step(event: MasterEvent, now: Millis): Effect[] {
    this.#now = now
    this.#effects = []
    switch (event.type) {
      case 'batch':
        this.#batches.set(event.call, { ...event, next: 0, running: 0 })
        this.#advance(event.call)
        break
      case 'query':
        this.#join(event)
        break
      case 'accepted':
        this.#accepted(event.task)
        break
      case 'result':
        this.#ended(event.task, group => group.arrive(event.task, event.result, now))
        break
      case 'failed':
        this.#ended(event.task, () => {
          throw event.error
        })
        break
      case 'timer':
        this.#fire(event.timer)
        break
      case 'abort':
        this.#abort(event.call, event.reason)
        break
      case 'workers':
        for (const group of [...this.#groups.values()]) {
          this.#dispatch(group)
        }
        break
    }
    return this.#effects
  }

  /** Starts as many groups of a batch as may be in progress; forgets the batch when all are done. */
  #advance(call: CallId): void {
    const batch = this.#batches.get(call)
    if (batch === undefined) {
      return
    }
    const { queries, spec } = batch
    while (batch.running < batch.concurrency && batch.next < queries.length) {
      const group = this.#start(spec)
      const end = Math.min(batch.next + spec.k, queries.length)
      for (; batch.next < end; batch.next++) {
        group.members.push({ call, position: batch.next })
        this.#place(group, group.plan.add(queries[batch.next]))
      }
      batch.running++
      this.#close(group)
    }
    if (batch.running === 0 && batch.next >= queries.length) {
      this.#batches.delete(call)
    }
  }

  /** Puts a single query into the open group of its lane; the group closes when it is full or has waited long enough. */
  #join({ call, query, spec, lane }: Extract<MasterEvent, { type: 'query' }>): void {
    let group = this.#open.get(lane)
    if (group === undefined) {
      const opened = this.#start(spec)
      group = opened
      this.#open.set(lane, opened)
      this.#arm(opened, this.#now + Math.min(spec.maxWait, spec.deadline / 2), () => this.#close(opened))
    }
    group.members.push({ call, position: 0 })
    this.#place(group, group.plan.add(query))
    this.#dispatch(group)
    if (group.plan.size === spec.k) {
      this.#close(group)
    }
  }

  #start(spec: PlanSpec): Group {
    const group = new Group(this.#nextId++, linearPlan(spec), this.#now)
    this.#groups.set(group.id, group)
    this.#arm(group, group.deadlineAt, () => this.#stop(group, 'deadline'))
    return group
  }

  #close(group: Group): void {
    this.#leaveLane(group)
    this.#place(group, group.plan.close())
    this.#dispatch(group)
    this.#settle(group)
  }

  #place(group: Group, tasks: readonly Placement['task'][]): void {
    group.placements.push(...tasks.map(task => ({ task, attempts: [] })))
  }

  /** Sends every task of the group that was not sent yet, if there is a worker at all. */
  #dispatch(group: Group): void {
    const unsent = group.placements.filter(({ attempts }) => attempts.length === 0)
    if (unsent.length === 0) {
      return
    }
    const ranked = this.#fleet.rank(group.plan.spec.model)
    for (const placement of unsent) {
      this.#send(group, placement, ranked)
    }
  }

  #send(group: Group, placement: Placement, ranked: readonly WorkerId[]): void {
    const id = this.#nextId++
    const attempt = group.submit(id, placement, ranked, this.#now)
    if (attempt === undefined) {
      return
    }
    this.#tasks.set(id, group)
    const { model, inputs } = placement.task
    const task = { model, inputs, outputs: [group.plan.spec.output], deadline: group.deadlineAt }
    this.#effects.push({ type: 'submit', id, worker: attempt.worker, task })
  }

  #accepted(id: TaskId): void {
    const attempt = this.#tasks.get(id)?.inFlight.get(id)?.attempt
    if (attempt !== undefined) {
      attempt.acceptedAt = this.#now
    }
  }

  /** A task reached its end at a worker: `take` its result, or send it again if that throws. */
  #ended(id: TaskId, take: (group: Group) => void): void {
    const group = this.#tasks.get(id)
    const placement = group?.inFlight.get(id)?.placement
    if (group === undefined || placement === undefined) {
      return
    }
    this.#tasks.delete(id)
    try {
      take(group)
      this.#refine(group)
    } catch (error) {
      group.end(id, 'failed', this.#now, error as Error)
      this.#retry(group, placement)
    }
    this.#settle(group)
  }

  /** Shows what there is, unless it is the last there will be. */
  #refine(group: Group): void {
    const { plan } = group
    if (plan.spec.refine !== 'never' && plan.closed && group.stopReason() === undefined) {
      this.#answer(group, undefined)
    }
  }

  #retry(group: Group, placement: Placement): void {
    if (placement.attempts.length > RETRIES) {
      return
    }
    const had = new Set(placement.attempts.map(({ worker }) => worker))
    const ranked = this.#fleet.rank(group.plan.spec.model).filter(worker => !had.has(worker))
    this.#send(group, placement, ranked)
  }

  #settle(group: Group): void {
    const stop = this.#groups.has(group.id) ? group.stopReason() : undefined
    if (stop !== undefined) {
      this.#stop(group, stop)
    }
  }

  /** The terminal outcome of every query of the group; nothing of it stays. */
  #stop(group: Group, reason: StopReason): void {
    for (const id of [...group.inFlight.keys()]) {
      this.#tasks.delete(id)
      group.end(id, 'cancelled', this.#now)
      this.#effects.push({ type: 'cancel', id })
    }
    this.#answer(group, reason)
    this.#forget(group)
    for (const call of new Set(group.members.map(member => member.call))) {
      const batch = this.#batches.get(call)
      if (batch !== undefined) {
        batch.running--
        this.#advance(call)
      }
    }
  }

  #answer(group: Group, stop: StopReason | undefined): void {
    const outcomes = group.outcomes(stop).map((outcome, i) => {
      const { call, position } = group.members[i]
      return { call, position, outcome }
    })
    const answer = { final: stop !== undefined, outcomes, report: group.report(stop, this.#now) }
    this.#effects.push({ type: 'answer', answer })
  }

  #forget(group: Group): void {
    this.#groups.delete(group.id)
    this.#leaveLane(group)
    for (const timer of group.timers) {
      if (this.#timers.delete(timer)) {
        this.#effects.push({ type: 'disarm', timer })
      }
    }
  }

  #leaveLane(group: Group): void {
    for (const [lane, open] of this.#open) {
      if (open === group) {
        this.#open.delete(lane)
      }
    }
  }

  #abort(call: CallId, reason: Error): void {
    const batch = this.#batches.get(call)
    if (batch !== undefined) {
      batch.queries = batch.queries.slice(0, batch.next)
    }
    for (const group of [...this.#groups.values()]) {
      const members = group.members.filter(member => member.call === call)
      for (const member of members) {
        member.outcome = { status: 'failed', error: reason, group: group.id }
      }
      if (members.length > 0 && group.members.every(member => member.outcome !== undefined)) {
        this.#stop(group, 'aborted')
      }
    }
    this.#advance(call)
  }

  #arm(group: Group, at: Millis, fire: () => void): void {
    const timer = this.#nextId++
    this.#timers.set(timer, fire)
    group.timers.push(timer)
    this.#effects.push({ type: 'arm', timer, at })
  }

  #fire(timer: TimerId): void {
    const fire = this.#timers.get(timer)
    this.#timers.delete(timer)
    fire?.()
  }
}
