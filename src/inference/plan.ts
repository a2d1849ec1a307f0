import { type CodeFamily, type CodeOptions, codes, type LinearCode, type OrderKind } from '../codes/index.ts'
import type { ModelId, NamedTensors } from '../models/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { Millis } from './channel.ts'
import type { ParityModel, Side } from './companion.ts'
import type { CalibratedPlan, GroupDecoder } from './decode.ts'
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
  /** What makes two queries alike for that. @default their first float input */
  features?: (query: NamedTensors) => Float32Array
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
  /**
   * Send at first the fewest tasks that are enough by the deadline, as far as workers are measured, and what N allows beside them
   * when they are late; else all N leave at once.
   */
  fewest?: boolean
  /** What was learned of full groups of this model, code and order; the others are decoded by the code alone. */
  calibrated?: CalibratedPlan
  /**
   * The models of the parity queries of code parm, one for each. They know full groups only: in smaller ones, spare workers get
   * copies. Without them the deployed model itself is run on parity queries, which is right for one that is affine.
   */
  parities?: readonly ParityModel[]
  /** What helps beside copies of the queries; the code then is replication. */
  side?: Side
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
  checkFeatures(spec)
  checkSide(spec)
  checkParities(spec)
  checkFewest(spec)
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

/** @throws {InvalidPlanError} there is no order for them to make, or what was learned was learned in another */
function checkFeatures({ features, order, calibrated }: PlanSpec): void {
  if (features === undefined) {
    return
  }
  if (order === 'none') {
    throw new InvalidPlanError("features say by what queries are ordered: ask for order 'path' or 'pca'")
  }
  if (calibrated !== undefined) {
    throw new InvalidPlanError(
      'the profile was learned of groups in the order of their inputs: leave out the features or the profile'
    )
  }
}

/** @throws {InvalidPlanError} side information stands beside copies, and tells nothing of wrong results */
function checkSide({ side, code, calibrated, maxWrong }: PlanSpec): void {
  if (side === undefined) {
    return
  }
  if (code.name !== 'replication' || calibrated !== undefined || maxWrong > 0) {
    throw new InvalidPlanError(
      `a plan with side information copies queries: its code is replication without a profile and without maxWrong; got ${code.name}`
    )
  }
}

/** @throws {InvalidPlanError} there is not one parity model for each parity query */
function checkParities({ parities, code, k, n }: PlanSpec): void {
  if (parities !== undefined && !(code.name === 'parm' && parities.length === n - k)) {
    throw new InvalidPlanError(
      `parity models are for the parity queries of code parm, n − k = ${n - k} of them; got ${parities.length} beside ${code.name}`
    )
  }
}

/** @throws {InvalidPlanError} nobody could tell which tasks are enough */
function checkFewest({ fewest, side, parities, quality, refine }: PlanSpec): void {
  if (fewest && (side ?? parities ?? quality) !== undefined) {
    throw new InvalidPlanError(
      'the fewest tasks are known of plans without companions and without a quality: leave out one'
    )
  }
  if (fewest && refine === 'until-deadline') {
    throw new InvalidPlanError('answers that get better until the deadline want all tasks: leave out the fewest')
  }
}

/** Do the queries themselves leave as the first K tasks? */
export function isSystematic({ code, codeOptions }: PlanSpec): boolean {
  return code.systematic || codeOptions.layout === 'systematic'
}

/**
 * The code of a group of `count` ≤ K queries. A smaller group keeps the overhead N/K, and has at least `stragglers`
 * coded queries more than queries, as far as the full plan does.
 */
export function codeFor(spec: PlanSpec, count: number): LinearCode {
  const { codeOptions, stragglers = 0 } = spec
  const code = spec.parities !== undefined && count < spec.k ? codes.replication : spec.code
  const scaled = Math.max(Math.ceil((spec.n * count) / spec.k), count + stragglers, code.minimumN(count, codeOptions))
  const n = count === spec.k ? spec.n : Math.min(spec.n, code.maximumN?.(count) ?? Infinity, scaled)
  return code.create({ ...codeOptions, k: count, n })
}

/** One tensor for one named model, and what it is to the group. */
export interface PlanTask {
  /** Its place among the tasks of the group; in a plan of a linear code, which coded query it is. */
  index: number
  /** The deployed model or a companion, and its output that is the result. */
  model: ModelId
  output: string
  /** Outputs that may come before it: what exits of the model say. */
  exits?: readonly string[]
  inputs: NamedTensors
  role: TaskRole
  /** The queries of the group that the rows of its result are predictions of; none for a mixture of queries. */
  queries: readonly number[]
  /** Who runs it. */
  runner: 'worker' | 'master'
  /** What its loss costs beside that of others of its group: those that weigh more go to better workers. @default 0 */
  weight?: number
}

/** What the deployed model is run on, a query or a mixture of several, or which companion is run. */
export type TaskRole = 'query' | 'coded' | 'parity' | 'encoder' | 'description' | 'student'

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
  /** Number of tasks for workers once complete. */
  readonly n: number
  /** How many of them are still to be made. */
  readonly unmade: number
  /** How long after it was closed it may hold tasks back for results; then {@link hurry} has them made. */
  readonly patience?: Millis
  /** Adds a query; returns the tasks that can leave at once. */
  add(query: NamedTensors): PlanTask[]
  /** No more queries. The tasks that could not leave before are then made by {@link encodeNext}. */
  close(): void
  /**
   * Orders and encodes a little further, once closed: the tasks that became ready, if any, and what it cost in multiply-adds
   * of the matrix product; `undefined` where nothing is left to encode.
   */
  encodeNext(): { tasks: PlanTask[]; cost: number } | undefined
  /** The result of a task is there, or will never be: the tasks that waited for it. */
  learn(index: number, result: Tensor | undefined): PlanTask[]
  /** Waits for no result any longer: the tasks that were held back. */
  hurry(): PlanTask[]
  /** The group has ended: a companion learns from what there is. */
  teach?(results: ReadonlyMap<number, Tensor>): void
  /** Tasks for the master itself that give these queries; absent where it is not to run them. */
  rescue?(queries: readonly number[]): PlanTask[]
}
