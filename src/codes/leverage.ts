import { cholesky, choleskySolve } from './cholesky.ts'
import type { LinearCode } from './code.ts'

/** Added to the diagonal of EᵀE, as a share of its mean: E may be of lower rank, as that of points on a line is nearly. */
const RIDGE = 1e-12

/**
 * How much each coded query says of the queries that the others do not: the diagonal of E·(EᵀE)⁻¹·Eᵀ, N values from 0 to 1 whose sum is
 * the rank of E. At 1 nothing is known of some mixture of the queries without it.
 *
 * Source: Hoaglin and Welsch, "The Hat Matrix in Regression and ANOVA", 1978.
 */
export function leverages({ encodingMatrix: e, n, k }: Pick<LinearCode, 'encodingMatrix' | 'n' | 'k'>): Float64Array {
  const gram = new Float64Array(k * k)
  for (let i = 0; i < n; i++) {
    for (let a = 0; a < k; a++) {
      for (let b = 0; b <= a; b++) gram[a * k + b] += e[i * k + a] * e[i * k + b]
    }
  }
  let trace = 0
  for (let a = 0; a < k; a++) trace += gram[a * k + a]
  for (let a = 0; a < k; a++) gram[a * k + a] += (RIDGE * trace) / k
  cholesky(gram, k)
  return Float64Array.from({ length: n }, (_, i) => {
    const row = e.slice(i * k, (i + 1) * k)
    const solved = row.slice()
    choleskySolve(gram, k, solved)
    return row.reduce((sum, value, a) => sum + value * solved[a], 0)
  })
}
