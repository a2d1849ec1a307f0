import { type Random, shuffled } from '../src/chance/index.ts'
import { encode, type LinearCode, type OrderKind, orderQueries, reorder, unitColumn } from '../src/codes/index.ts'
import type { Model, NamedTensors } from '../src/models/index.ts'
import type { Executor } from '../src/runtime/index.ts'
import { float16ToFloat32, stack, type Tensor } from '../src/tensor/index.ts'

/** Rows of one run at most: enough to keep ONNX Runtime busy. */
const BATCH_ROWS = 128
/** Bytes of the inputs of one run at most, so that what a layer makes of them stays in the cache; a larger row runs by itself. */
const BATCH_BYTES = 2 ** 18

/** Runs one model of a started executor on queries, in batches. */
export interface ModelRun {
  executor: Pick<Executor, 'slots' | 'run'>
  model: Model
  /** The output that is wanted. */
  output: string
  signal: AbortSignal | undefined
}

/** A group and all there is to know of it, in the order in which it is encoded. */
export interface CodedGroup {
  /** Where in the data its queries are. */
  positions: readonly number[]
  /** The outputs of its N coded queries. */
  results: Float32Array[]
  /** The model's own predictions on its K queries. */
  predictions: Float32Array[]
}

/** Groups of `k` out of a pool. Every query is used once before any is used again, with others then. */
export function drawGroups(pool: readonly number[], k: number, count: number, chance: Random): number[][] {
  const groups: number[][] = []
  while (groups.length < count) {
    const order = shuffled(pool, chance)
    for (let from = 0; from + k <= order.length && groups.length < count; from += k) {
      groups.push(order.slice(from, from + k))
    }
  }
  return groups
}

/** Queries, and by their positions what the model says to each by itself, as far as it was asked. */
export interface Asked {
  queries: readonly Tensor[]
  predictions: Float32Array[]
}

/** Orders and encodes a group, and runs the model on what it was not asked before: queries are in several groups and plans. */
export async function codeGroup(
  run: ModelRun,
  { queries, predictions }: Asked,
  drawn: readonly number[],
  { code, order }: { code: LinearCode; order: OrderKind }
): Promise<CodedGroup> {
  const ordering = orderQueries(
    order,
    drawn.map(position => floats(queries[position]))
  )
  const positions = reorder(drawn, ordering)
  const coded = encode(
    code,
    positions.map(position => queries[position])
  )
  const itself = coded.map((_, i) => unitColumn(code.encodingMatrix, code.k, i))
  const unasked = positions.filter(position => predictions[position] === undefined)
  const mixed = coded.filter((_, i) => itself[i] === undefined)
  const outputs = await runAll(run, [...unasked.map(position => queries[position]), ...mixed])
  unasked.forEach((position, i) => {
    predictions[position] = outputs[i]
  })
  const own = positions.map(position => predictions[position])
  let next = unasked.length
  const results = itself.map(q => (q === undefined ? outputs[next++] : own[q]))
  return { positions, results, predictions: own }
}

/** The output on each query, in their order. As many runs at a time as the executor has slots. */
export async function runAll(run: ModelRun, queries: readonly Tensor[]): Promise<Float32Array[]> {
  if (queries.length === 0) return []
  const rows = batchRows(run.model, queries[0])
  const starts = Array.from({ length: Math.ceil(queries.length / rows) }, (_, i) => i * rows)
  const outputs: Float32Array[] = new Array(queries.length)
  const waiting = starts.values()
  const runNext = async (): Promise<void> => {
    for (const start of waiting) {
      run.signal?.throwIfAborted()
      const batch = await runBatch(run, queries.slice(start, start + rows))
      batch.forEach((output, i) => {
        outputs[start + i] = output
      })
    }
  }
  await Promise.all(Array.from({ length: Math.min(run.executor.slots, starts.length) }, runNext))
  return outputs
}

/** How many queries the model takes in one run. A batch axis of fixed length is that of a query, which was checked. */
function batchRows({ signature }: Model, query: Tensor): number {
  const whole = [...signature.inputs, ...signature.outputs].every(({ shape }) => shape[0] === null)
  return whole ? Math.max(1, Math.min(BATCH_ROWS, Math.floor(BATCH_BYTES / query.byteLength))) : 1
}

async function runBatch({ executor, model, output }: ModelRun, queries: readonly Tensor[]): Promise<Float32Array[]> {
  const [input] = model.signature.inputs
  // The executor takes its inputs over, and queries are used again: `stack` copies them, also where there is but one.
  const stacked = stack(queries)
  const shape = [queries.length * queries[0].shape[0], ...queries[0].shape.slice(1)]
  const inputs: NamedTensors = { [input.name]: stacked.reshape(shape) }
  const { outputs } = await executor.run({ model: model.id, inputs, outputs: [output] })
  const values = floats(outputs[output])
  const width = values.length / queries.length
  return queries.map((_, i) => values.slice(i * width, (i + 1) * width))
}

/** The elements of a float tensor as float32. */
export function floats({ dtype, data }: Tensor): Float32Array {
  if (data instanceof Float32Array) {
    return data
  }
  return dtype === 'float16' && data instanceof Uint16Array ? float16ToFloat32(data) : Float32Array.from(data, Number)
}
