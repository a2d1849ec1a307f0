import type { Fleet, WorkerId } from '../fleet/index.ts'
import type { ModelId } from '../models/index.ts'
import { type Clock, type Millis, type Observation, SELF, type TaskTimings, type WorkerChannel } from './channel.ts'
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
  const sent = new Map<TaskId, { cancel(): void; worker: WorkerId; model: ModelId; at: Millis }>()
  const armed = new Map<TimerId, () => void>()
  const events: MasterEvent[] = []
  let working = false

  const submit = ({ id, worker, task }: Extract<Effect, { type: 'submit' }>): void => {
    const to = channel(worker)
    if (to === undefined) {
      dispatch({
        type: 'failed',
        task: id,
        error: new WorkerGoneError(`worker ${worker} left before its task was sent`)
      })
      return
    }
    const { model } = task
    const at = clock.now()
    fleet.began(worker, model, at)
    let ended = false
    const end = (event: MasterEvent): void => {
      ended = true
      sent.delete(id)
      dispatch(event)
    }
    const handle = to.submit(task, {
      accepted: () => dispatch({ type: 'accepted', task: id }),
      result: result => {
        fleet.answered(worker, model, totalOf(result.timings), { now: clock.now() })
        end({ type: 'result', task: id, result })
      },
      failed: error => {
        fleet.failed(worker, clock.now())
        end({ type: 'failed', task: id, error })
      }
    })
    if (!ended) {
      sent.set(id, { cancel: () => handle.cancel(), worker, model, at })
    }
  }

  const cancel = (id: TaskId): void => {
    const task = sent.get(id)
    sent.delete(id)
    if (task !== undefined) {
      const now = clock.now()
      fleet.gaveUp(task.worker, task.model, now - task.at, now)
      task.cancel()
    }
  }

  const observe = ({ worker, model, timings }: Observation): void => {
    const now = clock.now()
    if (timings === undefined) {
      fleet.dropped(worker, model, now)
    } else {
      fleet.answered(worker, model, totalOf(timings), { now, late: true })
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

function totalOf({ queue, run, network }: TaskTimings): Millis {
  return queue + run + network
}
