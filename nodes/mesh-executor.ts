import type { Model } from '../src/models/index.ts'
import type { Executor } from '../src/runtime/index.ts'
import { stack } from '../src/tensor/index.ts'
import type { CodedInference } from './coded-inference.ts'

export interface MeshExecutorInit {
  peer: Pick<CodedInference, 'infer' | 'workers'>
  /** How long one batch may take, in ms. @default 60000 */
  deadline?: number
}

/** Batches in progress at once, so that workers have something to do while one is gathered. */
const SLOTS = 2

/**
 * Runs models on the workers that a peer has reached, each row of a batch as a query of its own, uncoded: for `calibrate`, where
 * the model is on other machines, or would take one of them long.
 */
export function meshExecutor({
  peer,
  deadline = 60_000
}: MeshExecutorInit): Pick<Executor, 'models' | 'slots' | 'run'> {
  return {
    get models(): readonly Model[] {
      return peer.workers().flatMap(({ models }) => models)
    },
    slots: SLOTS,
    /** @throws {NotRecoveredError | DeadlineError | NoWorkersError} a row has no result in time */
    async run({ model, inputs, outputs: [output] }) {
      const [tensor] = Object.values(inputs)
      const rows = tensor.shape[0]
      const queries = Array.from({ length: rows }, (_, row) => tensor.rows(row, row + 1))
      const { outcomes } = await peer.infer({
        model,
        queries,
        code: 'uncoded',
        k: rows,
        stragglers: 0,
        deadline,
        output,
        onDeadline: 'fail'
      })
      const results = outcomes.map(outcome => {
        if (outcome.status === 'failed') {
          throw outcome.error
        }
        return outcome.output
      })
      const [{ shape }] = results
      return { outputs: { [output]: stack(results).reshape([rows * shape[0], ...shape.slice(1)]) }, runMs: 0 }
    }
  }
}
