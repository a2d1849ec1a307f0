import type { LinearCode, Survivors } from './code.ts'
import { InvalidCodeError } from './errors.ts'
import { requireSmoothing } from './parameters.ts'
import { residualMatrix } from './spline.ts'
import { requireResults, requireSurvivors } from './survivors.ts'

export interface LambdaChoice {
  /** A NeRCC code, in any layout. */
  code: LinearCode
  survivors: Survivors
  /** The outputs of one survivor each, in their order, of one length. */
  results: readonly Float32Array[]
  /** The λ_d to choose from, each ≥ 0. */
  candidates: readonly number[]
}

/**
 * Chooses λ_d from the results themselves, where no calibration chose it: the candidate whose spline predicts each result
 * best from the others,
 *
 *     Σ_i ((y_i − g(x_i)) / (1 − H_ii))²
 *
 * with H the hat matrix of the smoothing spline; one pass gives all leave-one-out errors. For small λ both parts vanish, so
 * they are computed as (M·y)_i / M_ii with I − H = λM. Of equal candidates the first: with fewer than three survivors all
 * are equal, for every λ gives the same line.
 *
 * Source: Wahba, "Spline Models for Observational Data", 1990, §4.2; Green and Silverman, 1994, §3.2.
 *
 * @throws {InvalidCodeError} there is no candidate, one is not a finite number ≥ 0, or the code is no curve
 * @throws {EmptySurvivorsError} `survivors` is empty
 * @throws {InvalidSurvivorsError} not ascending, or not indices of coded queries
 * @throws {GroupSizeError} not as many results as survivors
 */
export function chooseLambda({ code, survivors, results, candidates }: LambdaChoice): number {
  const beta = code.points?.beta
  if (beta === undefined) throw new InvalidCodeError(`${code.name} has no λ_d to choose: it is not a curve`)
  if (candidates.length === 0) throw new InvalidCodeError('there is no λ_d to choose from')
  for (const candidate of candidates) requireSmoothing('lambdaDecode', candidate)
  requireSurvivors(survivors, code.n)
  requireResults(survivors.length, results)
  if (survivors.length < 3) return candidates[0]

  const along = [...survivors.keys()].sort((a, b) => beta[survivors[a]] - beta[survivors[b]])
  const knots = Float64Array.from(along, j => beta[survivors[j]])
  const values = along.map(j => results[j])
  const errors = candidates.map(candidate => leaveOneOut(residualMatrix(knots, candidate), values))
  return candidates[errors.indexOf(errors.reduce((least, error) => Math.min(least, error), Infinity))] ?? candidates[0]
}

/** Σ_i ‖(M·Y)_i / M_ii‖² */
function leaveOneOut(matrix: Float64Array, values: readonly Float32Array[]): number {
  const m = values.length
  const predicted = new Float64Array(values[0].length)
  let total = 0
  for (let i = 0; i < m; i++) {
    predicted.fill(0)
    values.forEach((vector, j) => {
      const weight = matrix[i * m + j] / matrix[i * m + i]
      for (let c = 0; c < predicted.length; c++) predicted[c] += weight * vector[c]
    })
    for (const error of predicted) total += error * error
  }
  return total
}
