import { setTimeout as sleep } from 'node:timers/promises'
import type { Millis } from '../../src/inference/index.ts'
import type { NamedTensors } from '../../src/models/index.ts'
import { type Executor, ExecutorStoppedError, RunFailedError, type RunResult } from '../../src/runtime/index.ts'
import { isTransport, spoil, type TaskFault, type VirtualProfile } from '../../src/simulation/index.ts'

/** How often a stalled run looks whether it may end. */
const STALL_MS = 50

export interface EmulatedInit {
  /** Runs the model for real, when the emulated time of a task is over. */
  executor: Executor
  profile: VirtualProfile
  /** After which share of a run exits of the model speak, by their outputs. */
  exits: ReadonlyMap<string, number>
  /** A run has ended, after so long. */
  ran(ms: Millis): void
}

/**
 * A device other than this machine, with all that is wrong with it: a task takes the time that it would there, then it really runs,
 * and its result may be spoilt. It runs before, if one of its exits is asked, and each says its part when its share of that time is over.
 * One task at a time; one that stalls holds the device until the fault is over.
 */
export function emulated({ executor, profile, exits, ran }: EmulatedInit): Executor {
  const stopping = new AbortController()
  let before: NamedTensors | undefined
  const wait = async (ms: number): Promise<void> => {
    await sleep(Math.max(0, ms), undefined, { signal: stopping.signal }).catch(cause => {
      throw new ExecutorStoppedError('the emulated device was stopped', { cause })
    })
  }
  return {
    slots: 1,
    get models() {
      return executor.models
    },
    start: () => executor.start(),
    async run(request) {
      const began = performance.now()
      const fault = profile.fault()
      const service = profile.service()
      const { early, ...whole } = request
      let run: Promise<RunResult> | undefined
      for (const [output, share] of exits) {
        if (early !== undefined && request.outputs.includes(output) && !isTransport(fault)) {
          await wait(began + share * service - performance.now())
          run ??= executor.run(whole)
          const { outputs } = await run
          early(spoilt({ [output]: outputs[output] }, fault, before))
        }
      }
      await wait(began + service - performance.now())
      while (fault === 'stall' && profile.fault() === 'stall') {
        await wait(STALL_MS)
      }
      const { outputs } = await (run ?? executor.run(whole))
      const took = performance.now() - began
      ran(took)
      const given = spoilt(outputs, fault, before)
      before = outputs
      return { outputs: given, runMs: took * (profile.lie?.() ?? 1) }
    },
    async stop() {
      stopping.abort()
      await executor.stop()
    }
  }
}

/** @throws {RunFailedError} the fault is that there is no result */
function spoilt(outputs: NamedTensors, fault: TaskFault | undefined, before: NamedTensors | undefined): NamedTensors {
  if (isTransport(fault)) {
    throw new RunFailedError(`a fault of the scenario: ${fault}`)
  }
  return fault === undefined ? outputs : spoil(outputs, fault, before)
}
