import type { LinearCode } from './code.ts'
import { type CurveOptions, curveCode } from './curve.ts'
import { requireSmoothing } from './parameters.ts'
import { splineMatrix } from './spline.ts'

export interface NerccOptions extends CurveOptions {
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
 * @throws {InvalidCodeError} k or n is not a whole number ≥ 1, a λ is not a finite number ≥ 0, or the layout is systematic
 * and n < k
 */
export function nercc({ lambdaEncode = 0, lambdaDecode = 0, ...options }: NerccOptions): LinearCode {
  requireSmoothing('lambdaEncode', lambdaEncode)
  requireSmoothing('lambdaDecode', lambdaDecode)
  return curveCode(options, {
    name: 'nercc',
    encoding: (points, at) => splineMatrix(points, at, lambdaEncode),
    decoding: (points, at) => splineMatrix(points, at, lambdaDecode)
  })
}
