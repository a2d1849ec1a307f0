import type { Clock, WorkerChannel } from '../inference/index.ts'

/** Writes a line for everything that happens on a channel: when, which worker, which of its tasks, and what. */
export function logged(channel: WorkerChannel, clock: Clock, write: (line: string) => void): WorkerChannel {
  const { worker } = channel
  let count = 0
  return {
    worker,
    submit(task, callbacks) {
      const number = ++count
      const log = (what: string): void => write(`${clock.now()} ${worker} ${number} ${what}`)
      log('submit')
      const handle = channel.submit(task, {
        accepted() {
          log('accepted')
          callbacks.accepted()
        },
        early(outputs) {
          log(`early ${Object.keys(outputs)}`)
          callbacks.early?.(outputs)
        },
        result(result) {
          const { queue, run, network } = result.timings
          log(`result ${queue} ${run} ${network}`)
          callbacks.result(result)
        },
        failed(error) {
          log(`failed ${error.name}: ${error.message}`)
          callbacks.failed(error)
        }
      })
      return {
        cancel() {
          log('cancel')
          handle.cancel()
        }
      }
    }
  }
}
