import {
  type CodeFamily,
  type CodeOptions,
  type LinearCode,
  type OrderKind,
  reorder,
  type Sliced,
  unitColumn
} from '../codes/index.ts'
import type { ModelId, NamedTensors } from '../models/index.ts'
import type { Millis } from './channel.ts'
import { type CalibratedPlan, type GroupDecoder, groupDecoder } from './decode.ts'
import { encodingGroup, orderingGroup } from './encoding.ts'
import { InvalidPlanError } from './errors.ts'
import { checkHedge, type Hedge } from './hedge.ts'

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
  /**
   * Wait until every prediction is exact or expected to name the class that the model itself would with this probability,
   * instead of for N − s results; at the deadline, those that are not say so.
   */
  quality?: number
  /** The most results of a group that may be left out because those of the others contradict them, E. */
  maxWrong: number
  /** When to send a task to a second worker as well. */
  hedge?: Hedge
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
    maxWrong: 0,
    ...init
  }
  const { k, n, stragglers } = spec
  codeFor(spec, k)
  if (stragglers !== undefined && !(Number.isInteger(stragglers) && stragglers >= 0 && stragglers < n)) {
    throw new InvalidPlanError(
      `stragglers must be a whole number from 0 to N − 1 = ${n - 1}, got ${stragglers}: at least one result is needed`
    )
  }
  checkQuality(spec)
  if (spec.hedge !== undefined) {
    checkHedge(spec.hedge)
  }
  if (!(spec.deadline > 0 && Number.isFinite(spec.deadline))) {
    throw new InvalidPlanError(`deadline must be a finite time above 0 ms, got ${spec.deadline}`)
  }
  if (!(spec.maxWait >= 0 && Number.isFinite(spec.maxWait))) {
    throw new InvalidPlanError(`maxWait must be a finite time of at least 0 ms, got ${spec.maxWait}`)
  }
  return spec
}

/** @throws {InvalidPlanError} what is asked for makes no sense, or nobody could tell whether it is so */
function checkQuality({ quality, maxWrong, code, n, calibrated }: PlanSpec): void {
  if (quality !== undefined && !(quality > 0 && quality <= 1)) {
    throw new InvalidPlanError(`quality is a probability above 0, at most 1; got ${quality}`)
  }
  if (quality !== undefined && !code.systematic && calibrated === undefined) {
    throw new InvalidPlanError(
      `nothing is known of the quality of what ${code.name} reconstructs: give a profile that calibrate wrote, or leave quality out`
    )
  }
  if (!(Number.isInteger(maxWrong) && maxWrong >= 0 && maxWrong < n)) {
    throw new InvalidPlanError(`maxWrong must be a whole number from 0 to N − 1 = ${n - 1}, got ${maxWrong}`)
  }
  if (maxWrong > 0 && calibrated === undefined && code.name !== 'approxifer') {
    throw new InvalidPlanError(
      'which results are wrong is told by what calibrate learned, or by code approxifer: give a profile, or leave maxWrong out'
    )
  }
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
  /** The deployed model or a companion, and its output that is the result. */
  model: ModelId
  output: string
  inputs: NamedTensors
  role: 'query' | 'coded'
  /** For the role `query`: which query of the group it is a copy of. */
  query?: number
}

/** The tasks of a group and their decoder: append-only, and decoding once `closed`. */
export interface Plan extends GroupDecoder {
  readonly spec: PlanSpec
  readonly tasks: readonly PlanTask[]
  /** No more queries. */
  readonly closed: boolean
  /** Closed, and every task is there. */
  readonly complete: boolean
  /** Number of queries so far. */
  readonly size: number
  /** Number of tasks once complete. */
  readonly n: number
  /** Adds a query; returns the tasks that can leave at once. */
  add(query: NamedTensors): PlanTask[]
  /** No more queries. The tasks that could not leave before are then made by {@link encodeNext}. */
  close(): void
  /**
   * Orders and encodes a little further, once closed: the tasks that became ready, if any, and what it cost in multiply-adds
   * of the matrix product.
   */
  encodeNext(): { tasks: PlanTask[]; cost: number }
}

/** A plan of one linear code. In a systematic one each query leaves at once, and coding costs no waiting. */
export function linearPlan(spec: PlanSpec): Plan {
  const systematic = spec.code.systematic || spec.codeOptions.layout === 'systematic'
  const deployed = { model: spec.model, output: spec.output }
  const queries: NamedTensors[] = []
  const tasks: PlanTask[] = []
  let closed: { n: number; decoder: GroupDecoder; encoding: Sliced<void> } | undefined
  let complete = false

  const append = (task: PlanTask): PlanTask => {
    tasks.push(task)
    return task
  }
  const group = (): NonNullable<typeof closed> => {
    if (closed === undefined) {
      throw new InvalidPlanError('a plan encodes and decodes only once it is closed')
    }
    return closed
  }
  const encoding = function* (code: LinearCode): Sliced<void> {
    const order = yield* orderingGroup(spec, queries)
    // A profile is of full groups.
    const calibrated = code.k === spec.k ? spec.calibrated : undefined
    group().decoder = groupDecoder({ code, order, systematic, calibrated })
    const left = Array.from({ length: code.n - tasks.length }, (_, i) => tasks.length + i)
    yield* encodingGroup(code, reorder(queries, order), left, (index, inputs) => {
      const place = code.systematic ? unitColumn(code.encodingMatrix, code.k, index) : undefined
      const task = { index, ...deployed, inputs }
      append(place === undefined ? { ...task, role: 'coded' } : { ...task, role: 'query', query: order[place] })
    })
  }

  return {
    spec,
    tasks,
    get closed() {
      return closed !== undefined
    },
    get complete() {
      return complete
    },
    get size() {
      return queries.length
    },
    get n() {
      return closed?.n ?? spec.n
    },
    add(query) {
      const index = queries.push(query) - 1
      return systematic ? [append({ index, ...deployed, inputs: query, role: 'query', query: index })] : []
    },
    close() {
      const code = codeFor(spec, queries.length)
      // Until the group has its order only the queries themselves are sent, and the code decodes them in any.
      const decoder = groupDecoder({ code, order: [...queries.keys()], systematic, calibrated: undefined })
      closed = { n: code.n, decoder, encoding: encoding(code) }
    },
    encodeNext() {
      const before = tasks.length
      const step = group().encoding.next()
      complete = step.done === true
      return { tasks: tasks.slice(before), cost: step.value ?? 0 }
    },
    recoverable: arrived => group().decoder.recoverable(arrived),
    suspects: (results, most) => group().decoder.suspects(results, most),
    decoding: results => group().decoder.decoding(results)
  }
}
