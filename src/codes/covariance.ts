import { cholesky } from './cholesky.ts'
import type { Survivors } from './code.ts'
import type { Moments } from './moments.ts'

/**
 * The smallest share of a variable that may be left unexplained by those before it. Below it a Cholesky factor has lost
 * about half of float64's digits, and D amplifies rounding instead of results.
 */
const SMALLEST_PIVOT = 1e-8

/** C_SS + ε·tr(C)/(n+k)·I, factored. */
export interface SurvivorCovariance {
  /** Its Cholesky factor, m×m. */
  factor: Float64Array
  /** Was ε not enough, and raised? */
  raised: boolean
}

/**
 * Factors the covariance of the survivors' results. Where it is singular to float64 (two coded queries that always agree, a
 * calibration with fewer groups than coded queries, ε = 0), ε is raised tenfold, from 1e-12 on, until it is not.
 *
 * @param epsilon ε ≥ 0
 */
export function survivorCovariance(moments: Moments, survivors: Survivors, epsilon: number): SurvivorCovariance {
  const m = survivors.length
  const unit = meanVariance(moments)
  let ridge = epsilon
  for (;;) {
    const factor = block(moments, survivors)
    for (let i = 0; i < m; i++) factor[i * m + i] += ridge * unit
    if (cholesky(factor, m) >= SMALLEST_PIVOT) return { factor, raised: ridge !== epsilon }
    ridge = Math.max(1e-12, 10 * ridge)
  }
}

/** tr(C)/(n+k); 1 for moments that are all zero, which decode everything to its centre. */
function meanVariance({ n, k, matrix }: Moments): number {
  const size = n + k
  let trace = 0
  for (let i = 0; i < size; i++) trace += matrix[i * size + i]
  return trace > 0 ? trace / size : 1
}

/** C_SS */
function block({ n, k, matrix }: Moments, survivors: Survivors): Float64Array {
  const m = survivors.length
  const size = n + k
  const out = new Float64Array(m * m)
  survivors.forEach((row, i) => {
    survivors.forEach((column, j) => {
      out[i * m + j] = matrix[row * size + column]
    })
  })
  return out
}
