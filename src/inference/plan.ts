import {
  type CodeFamily,
  type CodeOptions,
  encode,
  type LinearCode,
  type OrderKind,
  orderQueries,
  reorder,
  unitColumn
} from '../codes/index.ts'
import type { ModelId, NamedTensors } from '../models/index.ts'
import { float16ToFloat32, isFloat, type Tensor } from '../tensor/index.ts'
import type { Millis } from './channel.ts'
import { type CalibratedPlan, type GroupDecoder, groupDecoder } from './decode.ts'
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

/** The tasks of a group and their decoder: append-only, complete once `closed`, and decoding only then. */
export interface Plan extends GroupDecoder {
  readonly spec: PlanSpec
  readonly tasks: readonly PlanTask[]
  readonly closed: boolean
  /** Number of queries so far. */
  readonly size: number
  /** Adds a query; returns the tasks that can leave at once. */
  add(query: NamedTensors): PlanTask[]
  /** No more queries; returns the tasks that could not leave before. */
  close(): PlanTask[]
}

/** A plan of one linear code. In a systematic one each query leaves at once, and coding costs no waiting. */
export function linearPlan(spec: PlanSpec): Plan {
  const systematic = spec.code.systematic || spec.codeOptions.layout === 'systematic'
  const queries: NamedTensors[] = []
  const tasks: PlanTask[] = []
  let closed: GroupDecoder | undefined

  const append = (task: PlanTask): PlanTask => {
    tasks.push(task)
    return task
  }
  const group = (): GroupDecoder => {
    if (closed === undefined) {
      throw new InvalidPlanError('a plan decodes only once it is closed')
    }
    return closed
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
      // A profile is of full groups.
      const calibrated = code.k === spec.k ? spec.calibrated : undefined
      closed = groupDecoder({ code, order, systematic, calibrated })
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
    recoverable: arrived => group().recoverable(arrived),
    suspects: (results, most) => group().suspects(results, most),
    decode: results => group().decode(results)
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
