import { type DriveInit, drive, type TaskResult, type WorkerChannel } from '../../src/inference/index.ts'
import type { Invariant } from '../../src/simulation/index.ts'

/** A mistake in the master, as one could make it, and the invariant that should break. */
export interface PlantedBug {
  invariant: Invariant
  master: typeof drive
}

/** Around the channel to every worker. */
function channels(init: DriveInit, around: (channel: WorkerChannel) => WorkerChannel): DriveInit {
  return {
    ...init,
    channel(worker) {
      const channel = init.channel(worker)
      return channel && around(channel)
    }
  }
}

export const PLANTED_BUGS: Record<string, PlantedBug> = {
  'a lost cancel': {
    invariant: 'nothing-held',
    master: init =>
      drive(
        channels(init, channel => ({
          ...channel,
          submit(task, callbacks) {
            channel.submit(task, callbacks)
            return { cancel: () => {} }
          }
        }))
      )
  },

  'a double answer': {
    invariant: 'one-outcome',
    master: init =>
      drive({
        ...init,
        answered(answer) {
          init.answered(answer)
          if (answer.report.tasks.some(({ status }) => status === 'failed')) {
            init.answered(answer)
          }
        }
      })
  },

  'a late answer': {
    invariant: 'in-time',
    master: init =>
      drive({ ...init, clock: { ...init.clock, setTimer: (at, fire) => init.clock.setTimer(at + 100, fire) } })
  },

  'an unbounded queue': {
    invariant: 'bounded-memory',
    master(init) {
      const kept: unknown[] = []
      const driven = drive(init)
      return {
        dispatch: event => driven.dispatch(event),
        observe(observation) {
          kept.push(observation)
          driven.observe(observation)
        },
        get held() {
          return driven.held + kept.length
        }
      }
    }
  },

  'a decode of a wrong id': {
    invariant: 'own-result',
    master(init) {
      let failures = 0
      let last: TaskResult | undefined
      return drive(
        channels(init, channel => ({
          ...channel,
          submit: (task, callbacks) =>
            channel.submit(task, {
              accepted: () => callbacks.accepted(),
              result(result) {
                callbacks.result(failures > 0 ? { ...result, outputs: (last ?? result).outputs } : result)
                last = result
              },
              failed(error) {
                failures++
                callbacks.failed(error)
              }
            })
        }))
      )
    }
  }
}
