import { cholesky } from './cholesky.ts'
import { type Moments, momentsSize } from './moments.ts'

/**
 * The smallest share of a variable that may be left unexplained by those before it. Below it a Cholesky factor has lost
 * about half of float64's digits, and D amplifies rounding instead of results.
 */
const SMALLEST_PIVOT = 1e-8

/** C_SS + ε·v·I, factored; v is the mean of the diagonal of C. */
export interface SurvivorCovariance {
  /** Its Cholesky factor, m×m. */
  factor: Float64Array
  /** Was ε not enough, and raised? */
  raised: boolean
}

/**
 * Factors the covariance of results. Where it is singular to float64 (two coded queries that always agree, a
 * calibration with fewer groups than coded queries, ε = 0), ε is raised tenfold, from 1e-12 on, until it is not.
 *
 * @param rows of C that are S, such as {@link knownRows}
 * @param epsilon ε ≥ 0
 */
export function survivorCovariance(moments: Moments, rows: readonly number[], epsilon: number): SurvivorCovariance {
  const m = rows.length
  const unit = meanVariance(moments)
  let ridge = epsilon
  for (;;) {
    const factor = block(moments, rows)
    for (let i = 0; i < m; i++) factor[i * m + i] += ridge * unit
    if (cholesky(factor, m) >= SMALLEST_PIVOT) return { factor, raised: ridge !== epsilon }
    ridge = Math.max(1e-12, 10 * ridge)
  }
}

/** The mean of the diagonal of C; 1 for moments that are all zero, which decode everything to its centre. */
function meanVariance(moments: Moments): number {
  const size = momentsSize(moments)
  let trace = 0
  for (let i = 0; i < size; i++) trace += moments.matrix[i * size + i]
  return trace > 0 ? trace / size : 1
}

/** C_SS */
function block(moments: Moments, rows: readonly number[]): Float64Array {
  const m = rows.length
  const size = momentsSize(moments)
  const out = new Float64Array(m * m)
  rows.forEach((row, i) => {
    rows.forEach((column, j) => {
      out[i * m + j] = moments.matrix[row * size + column]
    })
  })
  return out
}
