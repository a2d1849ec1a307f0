import type { Model, ModelId, ModelSignature, NamedTensors } from '../models/index.ts'
import { float16ToFloat32, type Tensor } from '../tensor/index.ts'
import { RunFailedError } from './errors.ts'
import type { Executor } from './executor.ts'
import { rowOf } from './rows.ts'
import { sampleInputs } from './sample-inputs.ts'

/** How long one run of so many rows takes, the way to the model and back included. */
export interface RowsTime {
  rows: number
  ms: number
}

/** The models whose tasks may share a run, each with the times of 1, 2, 4, … rows. */
export type BatchTimes = ReadonlyMap<ModelId, readonly RowsTime[]>

const MAX_ROWS = 32

/** Timed runs of each size, after one that is not: the first of a size allocates, and on a GPU often compiles. */
const TIMED_RUNS = 4

/** No size is tried after one that takes as long as this: measuring must not hold up the start of a slow device. */
const LONGEST_MS = 50

/** How far a value may be from what it is alone, as a share of the largest one: in company sums are rounded in another order. */
const ROUNDING: Partial<Record<Tensor['dtype'], number>> = { float32: 1e-4, float16: 1e-2 }

/**
 * Runs each model of a started executor on made-up rows: alone to see what a run costs, then in growing batches. Left out is
 * a model that
 *
 * - has no free first axis, or a free axis beside it;
 * - gives a row something else in company than alone: its first axis is no batch, or what it does to a row depends on
 *   the others (dynamic quantisation takes one scale for all);
 * - fails on such rows, or is so slow that no second size was measured.
 *
 * The first model is measured last, so that its session is the one used most recently.
 *
 * @throws {ExecutorStoppedError} the executor is not started, or stopped meanwhile
 */
export async function measureBatchTimes(executor: Executor): Promise<BatchTimes> {
  const times = new Map<ModelId, RowsTime[]>()
  for (const model of executor.models.toReversed()) {
    const measured = isBatchable(model.signature) ? await measure(executor, model) : []
    if (measured.length > 1) {
      times.set(model.id, measured)
    }
  }
  return times
}

function isBatchable({ inputs, outputs }: ModelSignature): boolean {
  return (
    inputs.every(({ shape: [batch, ...rest] }) => batch === null && !rest.includes(null)) &&
    outputs.every(({ shape: [batch] }) => batch === null)
  )
}

async function measure(executor: Executor, model: Model): Promise<RowsTime[]> {
  const times: RowsTime[] = []
  try {
    for (let rows = 1; rows <= MAX_ROWS && (times.at(-1)?.ms ?? 0) < LONGEST_MS; rows *= 2) {
      times.push({ rows, ms: await fastest(executor, model, rows) })
    }
    return times.length > 1 && (await rowsAreIndependent(executor, model)) ? times : []
  } catch (error) {
    if (error instanceof RunFailedError) {
      return []
    }
    throw error
  }
}

/** What else the machine does only adds to a run, so the fastest says most of the model. */
async function fastest(executor: Executor, model: Model, rows: number): Promise<number> {
  let ms = Number.POSITIVE_INFINITY
  for (let i = 0; i <= TIMED_RUNS; i++) {
    const inputs = sampleInputs(model.signature, rows)
    const began = performance.now()
    await runAll(executor, model, inputs)
    ms = i === 0 ? ms : Math.min(ms, performance.now() - began)
  }
  return ms
}

async function rowsAreIndependent(executor: Executor, model: Model): Promise<boolean> {
  const rows = sampleInputs(model.signature, 2)
  const alone = [await runAll(executor, model, rowOf(rows, 0)), await runAll(executor, model, rowOf(rows, 1))]
  const joined = await runAll(executor, model, rows)
  return (
    Object.values(joined).every(({ shape }) => shape[0] === 2) &&
    alone.every((row, i) => isClose(rowOf(joined, i), row))
  )
}

async function runAll(executor: Executor, { id, signature }: Model, inputs: NamedTensors): Promise<NamedTensors> {
  const { outputs } = await executor.run({ model: id, inputs, outputs: signature.outputs.map(({ name }) => name) })
  return outputs
}

function isClose(joined: NamedTensors, alone: NamedTensors): boolean {
  return Object.entries(alone).every(([name, tensor]) => {
    const [some, others] = [numbers(tensor), numbers(joined[name])]
    const largest = some.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    const rounding = (ROUNDING[tensor.dtype] ?? 0) * largest
    return some.length === others.length && some.every((value, i) => Math.abs(value - others[i]) <= rounding)
  })
}

function numbers({ dtype, data }: Tensor): number[] {
  return dtype === 'float16' ? Array.from(float16ToFloat32(data as Uint16Array)) : Array.from(data, Number)
}
