import type { NamedTensors } from '../models/index.ts'
import { ExecutorStoppedError, RunFailedError } from './errors.ts'
import type { Executor, RunResult } from './executor.ts'
import type { Place } from './place.ts'
import { stopping } from './rejections.ts'
import { joinRows, rowOf } from './rows.ts'

/**
 * One run for these places, several only of one kind. A single one gives its inputs away; several keep them, for when the
 * run fails and each must run alone.
 *
 * @returns one result for each place
 * @throws {RejectedError} by reason `stopping`: a stopped executor has computed nothing, so the task can safely go elsewhere
 * @throws {RunFailedError} the run failed, or gave other outputs than were asked for
 */
export async function runTogether(executor: Executor, places: readonly Place[]): Promise<RunResult[]> {
  const [{ header }] = places
  const inputs = places.length === 1 ? takeInputs(places[0]) : joinRows(places.map(place => place.inputs))
  const { outputs, ...times } = await executor
    .run({ model: header.model, inputs, outputs: header.outputs, early: some => tellEarly(places, some) })
    .catch(rejectWhenStopped)
  checkNames(outputs, header.outputs)
  return places.length === 1
    ? [{ outputs, ...times }]
    : places.map((_, row) => ({ outputs: rowOf(outputs, row), ...times }))
}

/** Those whose task was cancelled wait for nothing. */
function tellEarly(places: readonly Place[], outputs: NamedTensors): void {
  for (const [row, { early, cancelled }] of places.entries()) {
    if (!cancelled) {
      early?.(places.length === 1 ? outputs : rowOf(outputs, row))
    }
  }
}

function takeInputs(place: Place): Place['inputs'] {
  const { inputs } = place
  place.inputs = {}
  return inputs
}

function checkNames(outputs: RunResult['outputs'], wanted: readonly string[]): void {
  const names = Object.keys(outputs)
  if (names.length !== wanted.length || !wanted.every(name => names.includes(name))) {
    throw new RunFailedError(`the executor was asked for the outputs [${wanted}] and gave [${names}]`)
  }
}

function rejectWhenStopped(error: unknown): never {
  throw error instanceof ExecutorStoppedError ? stopping(error) : error
}
