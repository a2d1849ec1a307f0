import type { Fleet, WorkerId } from '../fleet/index.ts'
import type { ModelId, NamedTensors } from '../models/index.ts'
import type { Millis } from './channel.ts'
import { Copies } from './copies.ts'
import type { CallId, Effect, GroupId, MasterEvent, StopReason, TaskId } from './events.ts'
import { Formation } from './formation.ts'
import { Group } from './group.ts'
import { linearPlan } from './linear-plan.ts'
import type { Placement } from './placement.ts'
import type { PlanSpec } from './plan.ts'
import { Rescue } from './rescue.ts'
import { mayRetry } from './retry.ts'
import { sidePlan } from './side-plan.ts'
import { Spares } from './spares.ts'
import { Timers } from './timers.ts'
import { Turns } from './turns.ts'

/**
 * The master: a state machine without I/O. It is told what happened and when, and returns what is to be done; it holds
 * no timer, promise or connection. It reads the fleet, and never writes it.
 */
export class Master {
  readonly #fleet: Fleet
  readonly #formation: Formation
  readonly #rescue: Rescue
  readonly #spares: Spares
  readonly #copies: Copies
  readonly #groups = new Map<GroupId, Group>()
  readonly #turns: Turns
  readonly #tasks = new Map<TaskId, Group>()
  readonly #timers = new Timers({ newId: () => this.#nextId++, emit: effect => this.#effects.push(effect) })
  #nextId = 1
  #now: Millis = 0
  #effects: Effect[] = []

  constructor(fleet: Fleet) {
    this.#fleet = fleet
    this.#turns = new Turns({
      made: group => {
        this.#dispatch(group)
        this.#settle(group)
      },
      arm: fire => this.#timers.arm(this.#now, fire),
      disarm: timer => this.#timers.disarm(timer)
    })
    this.#rescue = new Rescue({
      fleet,
      arm: (group, at, fire) => this.#arm(group, at, () => fire(this.#now)),
      dispatch: group => this.#dispatch(group)
    })
    this.#copies = new Copies({
      fleet,
      arm: (group, at, fire) => this.#arm(group, at, fire),
      send: (group, placement, ranked) => this.#send(group, placement, ranked),
      sendAgain: (group, placement) => this.#sendAgain(group, placement)
    })
    this.#spares = new Spares({
      fleet,
      arm: (group, at, fire) => this.#arm(group, at, () => fire(this.#now)),
      send: (group, placement, worker) => this.#send(group, placement, [worker])
    })
    this.#formation = new Formation({
      open: spec => this.#open(spec),
      dispatch: group => this.#dispatch(group),
      close: group => this.#close(group),
      more: call => this.#effects.push({ type: 'advance', call }),
      arm: (group, after, fire) => this.#arm(group, this.#now + after, fire)
    })
  }

  /** Groups, calls, tasks and timers that are held: all zero when no query is in progress. */
  get held(): number {
    return this.#formation.held + this.#groups.size + this.#turns.held + this.#tasks.size + this.#timers.held
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
          this.#dispatch(group)
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
    this.#dispatch(group)
    this.#settle(group)
  }

  /** Sends the tasks that were held back for results. */
  #hurry(group: Group): void {
    group.place(group.plan.hurry())
    this.#dispatch(group)
  }

  /** Sends every task of the group that was not sent yet, if there is a worker at all. */
  #dispatch(group: Group): void {
    const { unsent } = group
    if (unsent.length === 0) {
      return
    }
    for (const model of new Set(unsent.map(({ task }) => task.model))) {
      const sent: Placement[] = []
      let ranked: readonly WorkerId[] = []
      for (const placement of unsent.filter(({ task }) => task.model === model)) {
        if (this.#spares.holdsBack(group, this.#now)) {
          break
        }
        if (sent.length === 0) {
          ranked = this.#ranked(group, model)
        }
        this.#send(group, placement, ranked)
        sent.push(placement)
      }
      this.#copies.tryOut(group, sent, { chosen: ranked, now: this.#now })
    }
  }

  #ranked({ plan }: Group, model: ModelId): WorkerId[] {
    const { n, k, fewest } = plan.spec
    // A host that is lost should cost no more than the group can spare. Places that may be held back are no trial.
    const choice = { count: n, mostPerDomain: Math.max(1, n - k), expendable: fewest ? 0 : n - k }
    return this.#fleet.choose(model, choice, this.#now)
  }

  #send(group: Group, placement: Placement, ranked: readonly WorkerId[]): void {
    const id = this.#nextId++
    const attempt = group.submit(id, placement, ranked, this.#now)
    if (attempt === undefined) {
      return
    }
    this.#tasks.set(id, group)
    const { model, inputs, output, exits = [] } = placement.task
    const task = { model, inputs, outputs: [output, ...exits], deadline: group.deadlineAt }
    this.#effects.push({ type: 'submit', id, worker: attempt.worker, bytes: attempt.bytes, task })
    this.#copies.hedge(group, placement, { id, now: this.#now })
  }

  /** Sends a task to a worker that did not have it yet. */
  #sendAgain(group: Group, placement: Placement): void {
    const had = new Set(placement.attempts.map(({ worker }) => worker))
    const choice = { count: had.size + 1 }
    const ranked = this.#fleet.choose(placement.task.model, choice, this.#now).filter(worker => !had.has(worker))
    this.#send(group, placement, ranked)
  }

  #accepted(id: TaskId): void {
    const attempt = this.#tasks.get(id)?.inFlight.get(id)?.attempt
    if (attempt !== undefined) {
      attempt.acceptedAt = this.#now
    }
  }

  #early(id: TaskId, outputs: NamedTensors): void {
    const group = this.#tasks.get(id)
    if (group?.hear(id, outputs, this.#now)) {
      this.#refine(group)
      this.#settle(group)
    }
  }

  /** Cancels every copy of a task that is still out. */
  #cancelCopies(group: Group, task: Placement): void {
    if (task.attempts.length === 1) {
      return
    }
    for (const [id, { placement }] of [...group.inFlight]) {
      if (placement === task) {
        this.#cancel(group, id)
      }
    }
  }

  #cancel(group: Group, id: TaskId): void {
    this.#tasks.delete(id)
    group.end(id, 'cancelled', this.#now)
    this.#effects.push({ type: 'cancel', id })
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
      this.#cancelCopies(group, placement)
      this.#refine(group)
    } catch (error) {
      group.end(id, 'failed', this.#now, error as Error)
      if (mayRetry(placement)) {
        this.#sendAgain(group, placement)
      } else {
        this.#dispatch(group)
      }
    }
    this.#learn(group, placement)
    this.#settle(group)
  }

  /** Sends the tasks that waited for this one, once nothing more will come of it. */
  #learn(group: Group, { task, attempts }: Placement): void {
    if (attempts.every(({ status }) => status !== 'waiting') && group.learn(task)) {
      this.#dispatch(group)
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
    for (const id of [...group.inFlight.keys()]) {
      this.#cancel(group, id)
    }
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
