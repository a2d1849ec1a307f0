import type { Observation, WorkerChannel, WorkerId } from '../src/inference/index.ts'
import { headersOf, type NamedTensors } from '../src/models/index.ts'
import { type Admission, CancelledError, type Ticket, type WorkerTimings } from '../src/runtime/index.ts'

export interface LocalChannelInit {
  worker: WorkerId
  /** The bounded queue in front of this peer's own executor. */
  admission: Admission
  observe(observation: Observation): void
}

/** The channel from a master to the worker in the same peer: a libp2p node cannot dial itself. */
export function localChannel({ worker, admission, observe }: LocalChannelInit): WorkerChannel {
  return {
    worker,
    submit(task, callbacks) {
      const { model, inputs, outputs, deadline } = task
      let ticket: Ticket
      try {
        ticket = admission.admit({ model, inputs: headersOf(inputs), outputs, deadline })
      } catch (error) {
        callbacks.failed(error as Error)
        return { cancel: () => {} }
      }
      callbacks.accepted()
      let cancelled = false
      // The executor takes its inputs over, and the master may still send this query elsewhere: it gets a copy.
      ticket
        .run(copy(inputs), some => callbacks.early?.(some))
        .then(
          ({ outputs: results, queueMs, runMs }) => {
            const timings = timingsOf({ queueMs, runMs })
            if (cancelled) {
              observe({ worker, model, outcome: 'result', timings })
            } else {
              callbacks.result({ outputs: results, timings })
            }
          },
          error => {
            if (cancelled) {
              const timings = error instanceof CancelledError && error.timings ? timingsOf(error.timings) : undefined
              observe({ worker, model, outcome: 'failed', timings })
            } else {
              callbacks.failed(error)
            }
          }
        )
      return {
        cancel() {
          cancelled = true
          ticket.cancel()
        }
      }
    }
  }
}

function timingsOf({ queueMs, runMs }: WorkerTimings) {
  return { queue: queueMs, run: runMs, network: 0 }
}

function copy(inputs: NamedTensors): NamedTensors {
  return Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, tensor.clone()]))
}
