import type { Executor } from '../../src/runtime/index.ts'

/** It takes runs, and ends none before `over`. */
export function stalled(executor: Executor, over: Promise<never>): Executor {
  return {
    slots: 16,
    get models() {
      return executor.models
    },
    start: () => executor.start(),
    run: () => over,
    stop: () => executor.stop()
  }
}
