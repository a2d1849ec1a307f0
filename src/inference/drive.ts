import type { Fleet, WorkerId } from '../fleet/index.ts'
import type { NamedTensors } from '../models/index.ts'
import {
  type Clock,
  type Millis,
  type Observation,
  SELF,
  type TaskCallbacks,
  type TaskResult,
  type WorkerChannel
} from './channel.ts'
import type { Effect, GroupAnswer, MasterEvent, TaskId, TimerId } from './events.ts'
import { Master } from './master.ts'

export interface DriveInit {
  fleet: Fleet
  clock: Clock
  /** The channel to a worker; `undefined` when the worker is gone. */
  channel(worker: WorkerId): WorkerChannel | undefined
  /** Called with every answer, in order. */
  answered(answer: GroupAnswer): void
}

/** A master that is connected to channels and a clock. */
export interface Drive {
  /** Takes an event in. Events that come while another is being worked off wait their turn. */
  dispatch(event: MasterEvent): void
  /** To be told what a channel learns of a task after its cancellation. */
  observe(observation: Observation): void
  /** What the master and this drive still hold; zero when no query is in progress. */
  readonly held: number
}

/** The worker was lost between its selection and the sending of its task. */
export class WorkerGoneError extends Error {
  override readonly name = 'WorkerGoneError'
  readonly code = 'ERR_WORKER_GONE'
}

/**
 * Carries out the effects of a {@link Master} on channels and a clock, both real or both virtual, and feeds what comes of
 * them back. It is the one writer of the fleet's measurements.
 */
export function drive({ fleet, clock, channel, answered }: DriveInit): Drive {
  const master = new Master(fleet)
  // It serves nobody, but how long its own runs take is measured like the others'.
  fleet.add(SELF, [])
  const sent = new Map<TaskId, SentTask>()
  const armed = new Map<TimerId, () => void>()
  const events: MasterEvent[] = []
  let working = false
  const shell: Shell = {
    fleet,
    clock,
    dispatch: event => dispatch(event),
    ended(id, event) {
      sent.delete(id)
      dispatch(event)
    }
  }

  const submit = (effect: Submit): void => {
    const { id, worker, task } = effect
    const to = channel(worker)
    if (to === undefined) {
      dispatch({
        type: 'failed',
        task: id,
        error: new WorkerGoneError(`worker ${worker} left before its task was sent`)
      })
      return
    }
    const at = clock.now()
    fleet.began(worker, task.model, at, effect.bytes)
    const waiting = new SentTask(shell, effect, at)
    sent.set(id, waiting)
    waiting.handle = to.submit(task, waiting)
  }

  const cancel = (id: TaskId): void => {
    sent.get(id)?.cancel()
    sent.delete(id)
  }

  const observe = ({ worker, model, timings }: Observation): void => {
    const now = clock.now()
    if (timings === undefined) {
      fleet.dropped(worker, model, now)
    } else {
      fleet.answered(worker, model, timings, { now, late: true })
    }
  }

  const perform = (effect: Effect): void => {
    switch (effect.type) {
      case 'submit':
        submit(effect)
        break
      case 'cancel':
        cancel(effect.id)
        break
      case 'arm': {
        const { timer, at } = effect
        armed.set(
          timer,
          clock.setTimer(at, () => {
            armed.delete(timer)
            dispatch({ type: 'timer', timer })
          })
        )
        break
      }
      case 'disarm':
        armed.get(effect.timer)?.()
        armed.delete(effect.timer)
        break
      case 'answer':
        answered(effect.answer)
        break
      case 'advance':
        dispatch(effect)
        break
      case 'wrong':
        fleet.wrong(effect.worker)
        break
    }
  }

  const dispatch = (event: MasterEvent): void => {
    events.push(event)
    if (working) {
      return
    }
    working = true
    try {
      for (let next = events.shift(); next !== undefined; next = events.shift()) {
        master.step(next, clock.now()).forEach(perform)
      }
    } finally {
      working = false
    }
  }

  return {
    dispatch,
    observe,
    get held() {
      return master.held + sent.size + armed.size + events.length
    }
  }
}

/** What a task that was sent reports to. */
interface Shell {
  fleet: Fleet
  clock: Clock
  dispatch(event: MasterEvent): void
  ended(id: TaskId, event: MasterEvent): void
}

type Submit = Extract<Effect, { type: 'submit' }>

/** A task at a worker: what its channel calls back, and what there is to cancel. One object, for there are very many. */
class SentTask implements TaskCallbacks {
  handle: { cancel(): void } | undefined
  readonly #shell: Shell
  readonly #sent: Submit
  readonly #at: Millis

  constructor(shell: Shell, sent: Submit, at: Millis) {
    this.#shell = shell
    this.#sent = sent
    this.#at = at
  }

  accepted(): void {
    this.#shell.dispatch({ type: 'accepted', task: this.#sent.id })
  }

  early(outputs: NamedTensors): void {
    this.#shell.dispatch({ type: 'early', task: this.#sent.id, outputs })
  }

  result(result: TaskResult): void {
    const { fleet, clock, ended } = this.#shell
    const { id, worker, task, bytes } = this.#sent
    fleet.answered(worker, task.model, result.timings, { now: clock.now(), bytes })
    ended(id, { type: 'result', task: id, result })
  }

  failed(error: Error): void {
    const { fleet, clock, ended } = this.#shell
    const { id, worker } = this.#sent
    fleet.failed(worker, clock.now())
    ended(id, { type: 'failed', task: id, error })
  }

  cancel(): void {
    const { fleet, clock } = this.#shell
    const now = clock.now()
    const { worker, task, bytes } = this.#sent
    fleet.gaveUp(worker, task.model, now - this.#at, { now, bytes })
    this.handle?.cancel()
  }
}
