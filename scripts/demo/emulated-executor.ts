import { setTimeout as sleep } from 'node:timers/promises'
import { headersOf } from '../../src/models/index.ts'
import { admission, type Executor, ExecutorStoppedError } from '../../src/runtime/index.ts'

/** More than a worker of the demo ever has at once, so that nothing waits for a slow task to end. */
const SLOTS = 64

export interface EmulatedInit {
  /** Runs the models for real, when the emulated time of a task is over. */
  executor: Executor
  /** How long the next task takes, in ms. */
  service(): number
}

/**
 * A slower device than this one: each task sleeps first, then runs. Tasks sleep side by side, because a slow one must
 * not hold up those of the groups after it: stragglers would pile up and no longer be the ones that were drawn. Only
 * the real runs queue up, one behind the other.
 */
export function emulated({ executor, service }: EmulatedInit): Executor {
  const queue = admission({ executor, maxQueued: SLOTS })
  const stopping = new AbortController()
  return {
    slots: SLOTS,
    get models() {
      return executor.models
    },
    start: () => executor.start(),
    async run({ model, inputs, outputs }) {
      const serviceMs = service()
      await sleep(serviceMs, undefined, { signal: stopping.signal }).catch(cause => {
        throw new ExecutorStoppedError('the emulated device was stopped', { cause })
      })
      const ticket = queue.admit({ model, inputs: headersOf(inputs), outputs, deadline: Number.POSITIVE_INFINITY })
      const result = await ticket.run(inputs)
      return { outputs: result.outputs, runMs: serviceMs + result.runMs }
    },
    async stop() {
      stopping.abort()
      await queue.stop()
      await executor.stop()
    }
  }
}
