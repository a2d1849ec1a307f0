import type { Tensor } from '../tensor/index.ts'
import type { LinearCode, Survivors } from './code.ts'
import { GroupSizeError, InvalidCodeError } from './errors.ts'
import { mixtures } from './mixtures.ts'
import { capNorm } from './norm-cap.ts'
import { unitColumn } from './unit-row.ts'

/**
 * The default cap on Σ_j |D[q,j]|, the factor by which errors in the results can grow. Measured over 400 random survivor sets
 * each of NeRCC (λ_d from 0 to 1e-4) and BACC, (k, n) from (4, 8) to (20, 100): with at least 60% of the coded
 * queries surviving, rows have a median norm of 1.1 to 2.6 and none is above 20. With few survivors, close to each other, a
 * row is a steep extrapolation: up to 94 for (4, 12), thousands for (20, 100). So 50 leaves every sane row as it is.
 */
export const DEFAULT_NORM_CAP = 50

export interface DecoderOptions {
  /**
   * Rows of D whose L1 norm is above this are pulled towards the plain mean of the survivors, just enough to meet it. At
   * least 1; `Infinity` turns the guard off. Default {@link DEFAULT_NORM_CAP}.
   */
  normCap?: number
}

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
  /** Is it the result of the query itself, handed on untouched? */
  readonly exact: readonly boolean[]
  /** Was its row of D changed by the norm cap? */
  readonly guarded: readonly boolean[]
  /**
   * One product D·Y. An exact prediction is the result tensor itself: the same object, of any dtype; the others have the
   * dtype of the results. A query that cannot be recovered gives `undefined`.
   *
   * @param results one per survivor, in their order, of one shape and dtype
   * @throws {GroupSizeError} not as many results as survivors
   * @throws {DtypeMismatchError} results must be mixed, and they are not float32 or float16, or differ in dtype
   * @throws {ShapeMismatchError} results must be mixed, and they differ in shape
   */
  apply(results: readonly Tensor[]): (Tensor | undefined)[]
}

/**
 * The decoder of a linear code: D(survivors) with its numerical guard.
 *
 * @throws {InvalidCodeError} `normCap` is not a number ≥ 1
 */
export function linearDecoder(code: LinearCode, { normCap = DEFAULT_NORM_CAP }: DecoderOptions = {}): LinearDecoder {
  if (!(normCap >= 1)) {
    throw new InvalidCodeError(`normCap caps rows that sum to 1, so it is at least 1 (or Infinity); got ${normCap}`)
  }
  return { select: survivors => operator(code, survivors, normCap) }
}

function operator(code: LinearCode, survivors: Survivors, normCap: number): Operator {
  const { k, encodingMatrix } = code
  const width = survivors.length
  // A copy: the guard must not reach into a matrix that the code may keep.
  const matrix = code.decodingMatrix(survivors).slice()
  const recoverable = code.recoverable(survivors)
  const passed: (number | undefined)[] = []
  const mixed: number[] = []
  const exact: boolean[] = []
  const guarded: boolean[] = []
  for (let q = 0; q < k; q++) {
    guarded[q] = recoverable[q] && capNorm(matrix.subarray(q * width, (q + 1) * width), normCap)
    const column = unitColumn(matrix, width, q)
    passed[q] = column
    exact[q] = column !== undefined && unitColumn(encodingMatrix, k, survivors[column]) === q
    if (recoverable[q] && column === undefined) mixed.push(q)
  }

  return {
    survivors,
    recoverable,
    exact,
    guarded,
    apply(results) {
      if (results.length !== width) {
        throw new GroupSizeError(`these survivors have ${width} results, got ${results.length}`)
      }
      const predictions = passed.map(column => (column === undefined ? undefined : results[column]))
      mixtures(matrix, mixed, results, 'results').forEach((tensor, i) => {
        predictions[mixed[i]] = tensor
      })
      return predictions
    }
  }
}
