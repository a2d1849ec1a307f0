import type { LinearCode, Survivors } from './code.ts'
import { InvalidCodeError } from './errors.ts'
import { type Moments, requireMoments } from './moments.ts'
import { capNorm } from './norm-cap.ts'
import { type LinearDecoder, operator } from './operator.ts'

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
  /**
   * Where several results of a query itself arrive, give their mean instead of the first: for models that answer the same
   * query differently (other hardware, other precision). Default `false`.
   */
  averageExact?: boolean
}

export interface LinearDecoderOptions extends DecoderOptions {
  /** How results and predictions of this code vary together: its operators then say how unsure predictions are. */
  moments?: Moments
}

/**
 * The decoder of a linear code: D(survivors) with its numerical guard.
 *
 * @throws {InvalidCodeError} `normCap` is not a number ≥ 1, or the moments are not of this code
 */
export function linearDecoder(code: LinearCode, options: LinearDecoderOptions = {}): LinearDecoder {
  const { normCap = DEFAULT_NORM_CAP, averageExact = false, moments } = options
  requireNormCap(normCap)
  if (moments !== undefined) requireMoments(moments, code)
  return {
    select(survivors) {
      // A copy: the guard must not reach into a matrix that the code may keep.
      const matrix = code.decodingMatrix(survivors).slice()
      const recoverable = code.recoverable(survivors)
      const guarded = capRows(matrix, recoverable, normCap)
      const variances = moments && residualVariances(moments, survivors, matrix)
      return operator(code, survivors, { matrix, recoverable, guarded, averageExact, variances })
    }
  }
}

/**
 * What any linear decoder leaves unexplained of each prediction, of one output: E(f_q − D_q·Y)² over centred outputs,
 *
 *     σ_q² = C_qq − 2·D_q·C_Sq + D_q·C_SS·D_qᵀ
 */
function residualVariances(moments: Moments, survivors: Survivors, matrix: Float64Array): Float64Array {
  const { n, k, matrix: c } = moments
  const size = n + k
  const m = survivors.length
  return Float64Array.from({ length: k }, (_, q) => {
    const row = matrix.subarray(q * m, (q + 1) * m)
    let variance = c[(n + q) * size + n + q]
    survivors.forEach((index, i) => {
      let predicted = 0
      for (let j = 0; j < m; j++) predicted += row[j] * c[index * size + survivors[j]]
      variance += row[i] * (predicted - 2 * c[(n + q) * size + index])
    })
    return Math.max(0, variance)
  })
}

/** @throws {InvalidCodeError} `normCap` is not a number ≥ 1 */
export function requireNormCap(normCap: number): void {
  if (!(normCap >= 1)) {
    throw new InvalidCodeError(`normCap caps rows that sum to 1, so it is at least 1 (or Infinity); got ${normCap}`)
  }
}

/** Caps the recoverable rows of D in place, and says which it changed. */
export function capRows(matrix: Float64Array, recoverable: readonly boolean[], normCap: number): boolean[] {
  const width = matrix.length / recoverable.length
  return recoverable.map((can, q) => can && capNorm(matrix.subarray(q * width, (q + 1) * width), normCap))
}
