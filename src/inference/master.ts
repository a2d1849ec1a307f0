import type { Fleet } from '../fleet/index.ts'
import type { NamedTensors } from '../models/index.ts'
import type { Millis } from './channel.ts'
import type { CallId, Effect, GroupId, MasterEvent, StopReason, TaskId } from './events.ts'
import { Formation } from './formation.ts'
import { Group } from './group.ts'
import { linearPlan } from './linear-plan.ts'
import type { Placement } from './placement.ts'
import type { PlanSpec } from './plan.ts'
import { Rescue } from './rescue.ts'
import { mayRetry } from './retry.ts'
import { Sending } from './sending.ts'
import { sidePlan } from './side-plan.ts'
import { Timers } from './timers.ts'
import { Turns } from './turns.ts'

/**
 * The master: a state machine without I/O. It is told what happened and when, and returns what is to be done; it holds
 * no timer, promise or connection. It reads the fleet, and never writes it.
 */
export class Master {
  readonly #formation: Formation
  readonly #rescue: Rescue
  readonly #sending: Sending
  readonly #groups = new Map<GroupId, Group>()
  readonly #turns: Turns
  readonly #timers = new Timers({ newId: () => this.#nextId++, emit: effect => this.#effects.push(effect) })
  #nextId = 1
  #now: Millis = 0
  #effects: Effect[] = []

  constructor(fleet: Fleet) {
    const arm = (group: Group, at: Millis, fire: (now: Millis) => void): void =>
      this.#arm(group, at, () => fire(this.#now))
    this.#turns = new Turns({
      made: group => {
        this.#sending.dispatch(group, this.#now)
        this.#settle(group)
      },
      arm: fire => this.#timers.arm(this.#now, fire),
      disarm: timer => this.#timers.disarm(timer)
    })
    this.#sending = new Sending({ fleet, newId: () => this.#nextId++, emit: effect => this.#effects.push(effect), arm })
    this.#rescue = new Rescue({ fleet, arm, dispatch: (group, now) => this.#sending.dispatch(group, now) })
    this.#formation = new Formation({
      open: spec => this.#open(spec),
      dispatch: group => this.#sending.dispatch(group, this.#now),
      close: group => this.#close(group),
      more: call => this.#effects.push({ type: 'advance', call }),
      arm: (group, after, fire) => this.#arm(group, this.#now + after, fire)
    })
  }

  /** Groups, calls, tasks and timers that are held: all zero when no query is in progress. */
  get held(): number {
    return this.#formation.held + this.#groups.size + this.#turns.held + this.#sending.held + this.#timers.held
  }

  /** Takes one event in at a moment of the master's clock, and returns its effects in order. */
  step(event: MasterEvent, now: Millis): Effect[] {
    this.#now = now
    this.#effects = []
    switch (event.type) {
      case 'batch':
        this.#formation.batch(event)
        break
      case 'advance':
        this.#formation.advance(event.call)
        break
      case 'query':
        this.#formation.join(event)
        break
      case 'accepted':
        this.#accepted(event.task)
        break
      case 'early':
        this.#early(event.task, event.outputs)
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
        this.#timers.fire(event.timer)
        break
      case 'abort':
        this.#abort(event.call, event.reason)
        break
      case 'workers':
        for (const group of [...this.#groups.values()]) {
          this.#sending.dispatch(group, this.#now)
        }
        break
    }
    this.#turns.take()
    return this.#effects
  }

  #open(spec: PlanSpec): Group {
    const plan = spec.side === undefined ? linearPlan(spec) : sidePlan(spec, spec.side)
    const group = new Group(this.#nextId++, plan, this.#now)
    this.#groups.set(group.id, group)
    this.#arm(group, group.deadlineAt, () => this.#stop(group, 'deadline'))
    return group
  }

  #close(group: Group): void {
    const { plan } = group
    plan.close()
    this.#turns.encode(group)
    if (plan.patience !== undefined) {
      this.#arm(group, this.#now + plan.patience, () => this.#hurry(group))
    }
    this.#rescue.watch(group)
    this.#sending.dispatch(group, this.#now)
    this.#settle(group)
  }

  /** Sends the tasks that were held back for results. */
  #hurry(group: Group): void {
    group.place(group.plan.hurry())
    this.#sending.dispatch(group, this.#now)
  }

  #accepted(id: TaskId): void {
    const attempt = this.#sending.groupOf(id)?.inFlight.get(id)?.attempt
    if (attempt !== undefined) {
      attempt.acceptedAt = this.#now
    }
  }

  #early(id: TaskId, outputs: NamedTensors): void {
    const group = this.#sending.groupOf(id)
    if (group?.hear(id, outputs, this.#now)) {
      this.#refine(group)
      this.#settle(group)
    }
  }

  /** A task reached its end at a worker: `take` its result, or send it again if that throws. */
  #ended(id: TaskId, take: (group: Group) => void): void {
    const group = this.#sending.groupOf(id)
    const placement = group?.inFlight.get(id)?.placement
    if (group === undefined || placement === undefined) {
      return
    }
    this.#sending.ended(id)
    try {
      take(group)
      this.#sending.cancelCopies(group, placement, this.#now)
      this.#refine(group)
    } catch (error) {
      group.end(id, 'failed', this.#now, error as Error)
      if (mayRetry(placement)) {
        this.#sending.sendAgain(group, placement, this.#now)
      } else {
        this.#sending.dispatch(group, this.#now)
      }
    }
    this.#learn(group, placement)
    this.#settle(group)
  }

  /** Sends the tasks that waited for this one, once nothing more will come of it. */
  #learn(group: Group, { task, attempts }: Placement): void {
    if (attempts.every(({ status }) => status !== 'waiting') && group.learn(task)) {
      this.#sending.dispatch(group, this.#now)
    }
  }

  /** Shows what there is, unless it is the last there will be. */
  #refine(group: Group): void {
    const { plan } = group
    if (plan.spec.refine !== 'never' && plan.closed && group.stopReason() === undefined) {
      this.#answer(group, undefined)
    }
  }

  #settle(group: Group): void {
    const stop = this.#groups.has(group.id) ? group.stopReason() : undefined
    if (stop !== undefined) {
      this.#stop(group, stop)
    }
  }

  /** Waits no longer for anything, and decodes what there is. */
  #stop(group: Group, reason: StopReason): void {
    this.#sending.cancelAll(group, this.#now)
    this.#forget(group)
    this.#turns.decode(group, group.decoding(reason), () => this.#end(group, reason))
  }

  /** The terminal outcome of every query of the group; nothing of it stays. */
  #end(group: Group, reason: StopReason): void {
    this.#answer(group, reason)
    for (const worker of group.wrongWorkers) {
      this.#effects.push({ type: 'wrong', worker })
    }
    group.teach()
    this.#formation.ended(group)
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
    this.#turns.remove(group)
    group.timers.forEach(timer => {
      this.#timers.disarm(timer)
    })
  }

  #abort(call: CallId, reason: Error): void {
    this.#formation.abort(call)
    for (const group of [...this.#groups.values()]) {
      const members = group.members.filter(member => member.call === call)
      for (const member of members) {
        member.outcome = { status: 'failed', error: reason, group: group.id }
      }
      if (members.length > 0 && group.members.every(member => member.outcome !== undefined)) {
        this.#stop(group, 'aborted')
      }
    }
  }

  #arm(group: Group, at: Millis, fire: () => void): void {
    group.timers.push(this.#timers.arm(at, fire))
  }
}
