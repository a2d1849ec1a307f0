import type { Fleet, WorkerId } from '../fleet/index.ts'
import type { ModelId } from '../models/index.ts'
import type { Millis } from './channel.ts'
import { Copies } from './copies.ts'
import type { Effect, TaskId } from './events.ts'
import type { Group } from './group.ts'
import type { Placement } from './placement.ts'
import { Spares } from './spares.ts'

export interface SendingInit {
  fleet: Fleet
  /** An id that nothing of the master has. */
  newId(): TaskId
  emit(effect: Extract<Effect, { type: 'submit' | 'cancel' }>): void
  /** Calls `fire` at that moment, if the group is still in progress. */
  arm(group: Group, at: Millis, fire: (now: Millis) => void): void
}

/** Sends the tasks of groups to workers, copies of them too, and cancels them. */
export class Sending {
  readonly #init: SendingInit
  readonly #spares: Spares
  readonly #copies: Copies
  readonly #tasks = new Map<TaskId, Group>()

  constructor(init: SendingInit) {
    const { fleet, arm } = init
    this.#init = init
    const send = (group: Group, placement: Placement, worker: WorkerId, now: Millis): void =>
      this.#send(group, placement, { ranked: [worker], now })
    this.#spares = new Spares({ fleet, arm, send })
    this.#copies = new Copies({ fleet, arm, send, sendAgain: this.sendAgain.bind(this) })
  }

  /** Tasks that are out. */
  get held(): number {
    return this.#tasks.size
  }

  /** The group of a task, as long as the task is out. */
  groupOf(id: TaskId): Group | undefined {
    return this.#tasks.get(id)
  }

  /** Sends every task of the group that was not sent yet, if there is a worker at all. */
  dispatch(group: Group, now: Millis): void {
    const { unsent } = group
    if (unsent.length === 0) {
      return
    }
    for (const model of new Set(unsent.map(({ task }) => task.model))) {
      const sent: Placement[] = []
      let ranked: readonly WorkerId[] = []
      for (const placement of unsent.filter(({ task }) => task.model === model)) {
        if (this.#spares.holdsBack(group, now)) {
          break
        }
        if (sent.length === 0) {
          ranked = this.#ranked(group, model, now)
        }
        this.#send(group, placement, { ranked, now })
        sent.push(placement)
      }
      this.#copies.tryOut(group, sent, { chosen: ranked, now })
    }
  }

  /** Sends a task to a worker that did not have it yet. */
  sendAgain(group: Group, placement: Placement, now: Millis): void {
    const had = new Set(placement.attempts.map(({ worker }) => worker))
    const choice = { count: had.size + 1 }
    const ranked = this.#init.fleet.choose(placement.task.model, choice, now).filter(worker => !had.has(worker))
    this.#send(group, placement, { ranked, now })
  }

  /** A task came to its end at its worker. */
  ended(id: TaskId): void {
    this.#tasks.delete(id)
  }

  /** Cancels every copy of a task that is still out. */
  cancelCopies(group: Group, task: Placement, now: Millis): void {
    if (task.attempts.length === 1) {
      return
    }
    for (const [id, { placement }] of [...group.inFlight]) {
      if (placement === task) {
        this.#cancel(group, id, now)
      }
    }
  }

  cancelAll(group: Group, now: Millis): void {
    for (const id of [...group.inFlight.keys()]) {
      this.#cancel(group, id, now)
    }
  }

  #ranked({ plan }: Group, model: ModelId, now: Millis): WorkerId[] {
    const { n, k, fewest } = plan.spec
    // A host that is lost should cost no more than the group can spare. Places that may be held back are no trial.
    const choice = { count: n, mostPerDomain: Math.max(1, n - k), expendable: fewest ? 0 : n - k }
    return this.#init.fleet.choose(model, choice, now)
  }

  #send(group: Group, placement: Placement, { ranked, now }: { ranked: readonly WorkerId[]; now: Millis }): void {
    const { newId, emit } = this.#init
    const id = newId()
    const attempt = group.submit(id, placement, ranked, now)
    if (attempt === undefined) {
      return
    }
    this.#tasks.set(id, group)
    const { model, inputs, output, exits = [] } = placement.task
    const task = { model, inputs, outputs: [output, ...exits], deadline: group.deadlineAt }
    emit({ type: 'submit', id, worker: attempt.worker, bytes: attempt.bytes, task })
    this.#copies.hedge(group, placement, { id, now })
  }

  #cancel(group: Group, id: TaskId, now: Millis): void {
    this.#tasks.delete(id)
    group.end(id, 'cancelled', now)
    this.#init.emit({ type: 'cancel', id })
  }
}
