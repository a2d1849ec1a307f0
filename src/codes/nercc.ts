import type { LinearCode } from './code.ts'
import { requireCount, requireSmoothing } from './parameters.ts'
import { codingPoints } from './points.ts'
import { splineMatrix } from './spline.ts'
import { requireIndices, requireSurvivors } from './survivors.ts'

export interface NerccOptions {
  /** Number of queries in a group, K ≥ 1. */
  k: number
  /** Number of coded queries, N ≥ 1. */
  n: number
  /** λ_e ≥ 0, how much the encoding regression is smoothed; 0 interpolates. */
  lambdaEncode?: number
  /** λ_d ≥ 0, how much the decoding regression is smoothed; 0 interpolates. */
  lambdaDecode?: number
}

/**
 * NeRCC, nested-regression coded computing. The encoding regression u_e fits the queries at the Chebyshev points α
 * and is read at β; the decoding regression u_d fits the results at the surviving β and is read at α:
 *
 *     u_e = argmin Σ_k (x_k − u(α_k))² + λ_e ∫u″²        (eq. 6)
 *     u_d = argmin Σ_{i survives} (f(u_e(β_i)) − u(β_i))² + λ_d ∫u″²   (eq. 7)
 *
 * Both are natural cubic smoothing splines, so both layers are linear. Approximate for every survivor set: one survivor
 * gives its result for every query, two a line.
 *
 * Source: Moradi and Maddah-Ali, "NeRCC: Nested-Regression Coded Computing for Resilient Distributed Prediction Serving
 * Systems", 2024, §2.3.
 *
 * @throws {InvalidCodeError} k or n is not a whole number ≥ 1, or a λ is not a finite number ≥ 0
 */
export function nercc({ k, n, lambdaEncode = 0, lambdaDecode = 0 }: NerccOptions): LinearCode {
  requireCount('k', k)
  requireCount('n', n)
  requireSmoothing('lambdaEncode', lambdaEncode)
  requireSmoothing('lambdaDecode', lambdaDecode)
  const { alpha, beta } = codingPoints(k, n)
  // Splines want ascending knots, the points descend. A regression is the same in a mirror, so all points are negated.
  const [queryKnots, codedKnots] = [alpha.map(a => -a), beta.map(b => -b)]

  return {
    name: 'nercc',
    k,
    n,
    systematic: k === 1,
    encodingMatrix: splineMatrix(queryKnots, codedKnots, lambdaEncode),
    decodingMatrix(survivors) {
      requireSurvivors(survivors, n)
      return splineMatrix(
        Float64Array.from(survivors, i => codedKnots[i]),
        queryKnots,
        lambdaDecode
      )
    },
    recoverable(survivors) {
      requireIndices(survivors, n)
      return Array.from({ length: k }, () => survivors.length > 0)
    }
  }
}
