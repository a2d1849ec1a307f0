import type { Tensor } from '../tensor/index.ts'
import type { LinearCode, Survivors } from './code.ts'
import { mixing, readingVectors } from './mixtures.ts'
import { type Sliced, whole } from './sliced.ts'
import { requireResults } from './survivors.ts'
import { unitColumn } from './unit-row.ts'

/** Decodes the groups of one code. */
export interface LinearDecoder {
  /**
   * @throws {EmptySurvivorsError} `survivors` is empty
   * @throws {InvalidSurvivorsError} not ascending, or not indices of coded queries
   */
  select(survivors: Survivors): Operator
}

/** How the results of one survivor set become predictions. Its arrays have one entry per query. */
export interface Operator {
  readonly survivors: Survivors
  /** Can the prediction be given at all? */
  readonly recoverable: readonly boolean[]
  /** Is it the result of the query itself, handed on untouched (or the mean of several, if the decoder averages)? */
  readonly exact: readonly boolean[]
  /** Was its row of D changed by a guard? */
  readonly guarded: readonly boolean[]
  /** How unsure each output of it is, in squared units of the outputs; for a decoder that knows how outputs vary. */
  readonly variances?: Float64Array
  /**
   * One product D·Y. An exact prediction is the result tensor itself: the same object, of any dtype; the others have the
   * dtype of the results. A query that cannot be recovered gives `undefined`.
   *
   * @param results one per survivor, in their order, then the side results where the decoder has any; of one shape and dtype
   * @throws {GroupSizeError} not as many results as that
   * @throws {DtypeMismatchError} results must be mixed, and they are not float32 or float16, or differ in dtype
   * @throws {ShapeMismatchError} results must be mixed, and they differ in shape
   */
  apply(results: readonly Tensor[]): (Tensor | undefined)[]
  /** As {@link apply}, in slices. */
  applying(results: readonly Tensor[]): Sliced<(Tensor | undefined)[]>
}

/** What a decoder decided for one survivor set. */
export interface Decision {
  /** D (k×m), a column for each survivor, then for each side result. It is kept, and not to be changed. */
  matrix: Float64Array
  recoverable: readonly boolean[]
  guarded: readonly boolean[]
  /** Average all results of a query itself, instead of taking the first. */
  averageExact: boolean
  /** What is done to the float32 values of the mixed prediction of query `q`, in place, before they are rounded. */
  finish?(values: Float32Array, q: number): void
  variances?: Float64Array
}

/** The operator of a decision: exact results are handed on, all other rows of D are one product with the results. */
export function operator(code: LinearCode, survivors: Survivors, decision: Decision): Operator {
  const { matrix, recoverable, guarded, averageExact, finish, variances } = decision
  const width = matrix.length / code.k
  const passed: (number | undefined)[] = []
  const mixed: number[] = []
  const averaged: number[] = []
  const exact: boolean[] = []
  for (let q = 0; q < code.k; q++) {
    const column = unitColumn(matrix, width, q)
    exact[q] = column !== undefined && isOwnResult(code, survivors[column], q)
    passed[q] = column
    if (averageExact && exact[q] && spread(code, survivors, q, matrix.subarray(q * width, (q + 1) * width))) {
      passed[q] = undefined
      averaged.push(q)
    } else if (recoverable[q] && column === undefined) {
      mixed.push(q)
    }
  }

  const applying = function* (results: readonly Tensor[]): Sliced<(Tensor | undefined)[]> {
    requireResults(width, results)
    const predictions = passed.map(column => (column === undefined ? undefined : results[column]))
    if (mixed.length + averaged.length === 0) return predictions
    const vectors = yield* readingVectors(results, 'results')
    for (const [i, tensor] of (yield* mixing(matrix, mixed, vectors, finish)).entries()) predictions[mixed[i]] = tensor
    for (const [i, tensor] of (yield* mixing(matrix, averaged, vectors)).entries()) predictions[averaged[i]] = tensor
    return predictions
  }

  return {
    survivors,
    recoverable,
    exact,
    guarded,
    variances,
    apply: results => whole(applying(results)),
    applying
  }
}

/** Is coded query `index` query q itself? */
function isOwnResult({ encodingMatrix, k }: LinearCode, index: number | undefined, q: number): boolean {
  return index !== undefined && unitColumn(encodingMatrix, k, index) === q
}

/** Gives all results of query q the same weight; `false` if there is but one. */
function spread(code: LinearCode, survivors: Survivors, q: number, row: Float64Array): boolean {
  const own = [...survivors.keys()].filter(j => isOwnResult(code, survivors[j], q))
  if (own.length < 2) return false
  row.fill(0)
  for (const j of own) row[j] = 1 / own.length
  return true
}
