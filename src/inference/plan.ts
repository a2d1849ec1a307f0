import {
  type CodeFamily,
  type CodeOptions,
  type Expected,
  encode,
  type LinearCode,
  type LinearDecoder,
  linearDecoder,
  type OrderKind,
  orderQueries,
  reorder,
  restoreOrder,
  unitColumn
} from '../codes/index.ts'
import type { ModelId, NamedTensors } from '../models/index.ts'
import { float16ToFloat32, isFloat, type Tensor } from '../tensor/index.ts'
import type { Millis } from './channel.ts'
import { InvalidPlanError } from './errors.ts'

/** How a caller wants queries answered. Made by {@link planSpec}. */
export interface PlanSpec {
  model: ModelId
  /** The output of the model that is decoded. */
  output: string
  code: CodeFamily
  codeOptions: Omit<CodeOptions, 'k' | 'n'>
  /** How the queries of a group are ordered before they are mixed; answers come in the caller's order all the same. */
  order: OrderKind
  /** Queries in a full group, K. */
  k: number
  /** Coded queries of a full group, N. */
  n: number
  /** How many of the N coded queries need not be answered, s; half of the spare ones when not given. */
  stragglers: number | undefined
  /** How long a query may take, from the moment its group starts (a single query: from its arrival). */
  deadline: Millis
  /** How long a single query waits for others to share its group; never more than half of its deadline. */
  maxWait: Millis
  /** At the deadline: answer with what there is, or fail the queries of the group. */
  onDeadline: 'answer' | 'fail'
  /** Emit answers before the terminal one, and how long to go on improving them. */
  refine: 'never' | 'until-stop' | 'until-deadline'
  /** What was learned of full groups of this model, code and order; the others are decoded by the code alone. */
  calibrated?: CalibratedPlan
}

/** How full groups are decoded, and what is to be expected of it. */
export interface CalibratedPlan {
  /** Tells plans apart that were calibrated differently. */
  id: string
  decoder: LinearDecoder
  /** At most one for each number of survivors. */
  expected: readonly Expected[]
}

export type PlanInit = Pick<PlanSpec, 'model' | 'output' | 'code' | 'k' | 'n' | 'deadline'> & Partial<PlanSpec>

/**
 * Completes and checks a plan.
 *
 * @throws {InvalidPlanError} a time or the number of stragglers is out of range
 * @throws {InvalidCodeError} the code does not exist for this K and N
 */
export function planSpec(init: PlanInit): PlanSpec {
  const spec: PlanSpec = {
    codeOptions: {},
    order: 'none',
    stragglers: undefined,
    maxWait: 10,
    onDeadline: 'answer',
    refine: 'never',
    ...init
  }
  const { k, n, stragglers } = spec
  codeFor(spec, k)
  if (stragglers !== undefined && !(Number.isInteger(stragglers) && stragglers >= 0 && stragglers < n)) {
    throw new InvalidPlanError(
      `stragglers must be a whole number from 0 to N − 1 = ${n - 1}, got ${stragglers}: at least one result is needed`
    )
  }
  if (!(spec.deadline > 0 && Number.isFinite(spec.deadline))) {
    throw new InvalidPlanError(`deadline must be a finite time above 0 ms, got ${spec.deadline}`)
  }
  if (!(spec.maxWait >= 0 && Number.isFinite(spec.maxWait))) {
    throw new InvalidPlanError(`maxWait must be a finite time of at least 0 ms, got ${spec.maxWait}`)
  }
  return spec
}

/**
 * The code of a group of `count` ≤ K queries. A smaller group keeps the overhead N/K, and has at least `stragglers`
 * coded queries more than queries, as far as the full plan does.
 */
function codeFor(spec: PlanSpec, count: number): LinearCode {
  const { code, codeOptions, stragglers = 0 } = spec
  const scaled = Math.max(Math.ceil((spec.n * count) / spec.k), count + stragglers, code.minimumN(count, codeOptions))
  const n = count === spec.k ? spec.n : Math.min(spec.n, code.maximumN?.(count) ?? Infinity, scaled)
  return code.create({ ...codeOptions, k: count, n })
}

/** One tensor for one named model, and what it is to the group. */
export interface PlanTask {
  /** Which coded query it is. */
  index: number
  model: ModelId
  inputs: NamedTensors
  role: 'query' | 'coded'
  /** For the role `query`: which query of the group it is a copy of. */
  query?: number
}

/** A prediction that was decoded, and whether it is the result of the query itself. */
export interface Decoded {
  output: Tensor
  exact: boolean
  /** For one that is not exact, where calibration measured it. */
  expected?: Expected
}

/** The tasks of a group and their decoder: append-only, and complete once `closed`. */
export interface Plan {
  readonly spec: PlanSpec
  readonly tasks: readonly PlanTask[]
  readonly closed: boolean
  /** Number of queries so far. */
  readonly size: number
  /** Adds a query; returns the tasks that can leave at once. */
  add(query: NamedTensors): PlanTask[]
  /** No more queries; returns the tasks that could not leave before. */
  close(): PlanTask[]
  /** For each query: do the results of these tasks give it? Only once closed. */
  recoverable(arrived: Iterable<number>): boolean[]
  /** The predictions that the results give, by task index; in the order of the queries. Only once closed. */
  decode(results: ReadonlyMap<number, Tensor>): Array<Decoded | undefined>
}

/** A plan of one linear code. In a systematic one each query leaves at once, and coding costs no waiting. */
export function linearPlan(spec: PlanSpec): Plan {
  const systematic = spec.code.systematic || spec.codeOptions.layout === 'systematic'
  const queries: NamedTensors[] = []
  const tasks: PlanTask[] = []
  let closed: { code: LinearCode; order: readonly number[] } | undefined

  const append = (task: PlanTask): PlanTask => {
    tasks.push(task)
    return task
  }
  const group = (): NonNullable<typeof closed> => {
    if (closed === undefined) {
      throw new InvalidPlanError('a plan decodes only once it is closed')
    }
    return closed
  }
  /** A query that left at once has the index at which it came; its coded query is that of its place in the order. */
  const codedIndex = (index: number): number => {
    const { code, order } = group()
    return systematic && index < code.k ? order.indexOf(index) : index
  }

  return {
    spec,
    tasks,
    get closed() {
      return closed !== undefined
    },
    get size() {
      return queries.length
    },
    add(query) {
      const index = queries.push(query) - 1
      return systematic ? [append({ index, model: spec.model, inputs: query, role: 'query', query: index })] : []
    },
    close() {
      const code = codeFor(spec, queries.length)
      const order = orderOf(spec, queries)
      closed = { code, order }
      const inputs = encodeNamed(code, reorder(queries, order))
      const left: PlanTask[] = []
      for (let index = tasks.length; index < code.n; index++) {
        const place = code.systematic ? unitColumn(code.encodingMatrix, code.k, index) : undefined
        const task = { index, model: spec.model, inputs: inputs[index] }
        left.push(
          append(place === undefined ? { ...task, role: 'coded' } : { ...task, role: 'query', query: order[place] })
        )
      }
      return left
    },
    recoverable(arrived) {
      const { code, order } = group()
      const survivors = Array.from(arrived, codedIndex).sort((a, b) => a - b)
      return restoreOrder(code.recoverable(survivors), order)
    },
    decode(results) {
      const { code, order } = group()
      const arrived = Array.from(results, ([index, tensor]) => ({ index: codedIndex(index), tensor }))
      arrived.sort((a, b) => a.index - b.index)
      const calibrated = code.k === spec.k ? spec.calibrated : undefined
      const operator = (calibrated?.decoder ?? linearDecoder(code)).select(arrived.map(({ index }) => index))
      const outputs = operator.apply(arrived.map(({ tensor }) => tensor))
      const expected = calibrated?.expected.find(({ survivors }) => survivors === arrived.length)
      const decoded = outputs.map((output, place): Decoded | undefined => {
        const exact = operator.exact[place]
        return output && (exact ? { output, exact } : { output, exact, expected })
      })
      return restoreOrder(decoded, order)
    }
  }
}

/** The order of a group, by its first float input. Codes that only copy queries have no curve that it could make smoother. */
function orderOf({ order, code }: PlanSpec, queries: readonly NamedTensors[]): number[] {
  const input = Object.entries(queries[0]).find(([, { dtype }]) => isFloat(dtype))?.[0]
  if (code.systematic || input === undefined) {
    return [...queries.keys()]
  }
  return orderQueries(
    order,
    queries.map(query => float32(query[input]))
  )
}

function float32({ dtype, data }: Tensor): Float32Array {
  return dtype === 'float16' ? float16ToFloat32(data as Uint16Array) : (data as Float32Array)
}

/** Encodes each named input by itself. */
function encodeNamed(code: LinearCode, queries: readonly NamedTensors[]): NamedTensors[] {
  const coded = Array.from({ length: code.n }, (): Record<string, Tensor> => ({}))
  for (const name of Object.keys(queries[0])) {
    const tensors = encode(
      code,
      queries.map(query => query[name])
    )
    tensors.forEach((tensor, index) => {
      coded[index][name] = tensor
    })
  }
  return coded
}
