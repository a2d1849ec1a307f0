import { choleskySolve } from './cholesky.ts'
import type { LinearCode, Survivors } from './code.ts'
import { survivorCovariance } from './covariance.ts'
import { requireEpsilon } from './covariance-decoder.ts'
import { InvalidCodeError } from './errors.ts'
import { centre, knownRows, type Moments, requireMoments } from './moments.ts'
import { requireTolerated } from './parameters.ts'
import { requireResults, requireSurvivors } from './survivors.ts'

/** ε of a locator where none is given: far above what decodes best, for honest results have outliers. */
export const LOCATOR_EPSILON = 0.3

/** Times that all suspects are reconsidered; they seldom change after the second. */
const ROUNDS = 6

export interface Suspects {
  /** The coded queries whose results are to be left out: those that are not finite, then the others. */
  wrong: number[]
  /**
   * One per survivor: the mean over outputs of its squared residual against what all believed results predict for it, in
   * units of the variance expected. About 1 for an honest result of a group like those calibrated on; `Infinity` for one
   * that is not finite.
   */
  scores: Float64Array
}

export interface CovarianceLocatorOptions {
  code: LinearCode
  /** As for the {@link covarianceDecoder}; their side results are witnesses, and never suspects. */
  moments: Moments
  /** The most results to leave out, E ≥ 0; those that are not finite are left out besides. */
  errors: number
  /** A score up to which a result is believed; {@link honestThreshold} calibrates it. */
  threshold: number
  /** ε ≥ 0, as for the decoder; default {@link LOCATOR_EPSILON}. */
  epsilon?: number
}

/** Finds wrong results in the groups of one code. */
export interface CovarianceLocator {
  /**
   * @param results the outputs of one survivor each, in their order, then the side results; of one length
   * @throws {EmptySurvivorsError} `survivors` is empty
   * @throws {InvalidSurvivorsError} not ascending, or not indices of coded queries
   * @throws {GroupSizeError} not as many results as that
   */
  locate(survivors: Survivors, results: readonly Float32Array[]): Suspects
}

/**
 * Finds results that the others contradict. With B = (C_SS + εI)⁻¹, the residual of result j against what all others
 * predict for it is (B·Y)_j / B_jj, and its variance 1/B_jj; its score is their ratio, ‖(B·Y)_j‖² / B_jj, per output. While
 * the largest score is above the threshold, and up to E times, that result is left out and the others are scored again
 * without it, B − b_j·b_jᵀ/B_jj: one liar makes his neighbours look like liars. Then each suspect is reconsidered with the
 * others out, for of two neighbours that contradict each other the honest one may have gone first.
 *
 * Source: leave-one-out prediction, Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006, §5.4.2.
 *
 * @throws {InvalidCodeError} moments of another (k, n), `errors` not a whole number ≥ 0, a threshold that is no number, or
 * ε not ≥ 0
 */
export function covarianceLocator(options: CovarianceLocatorOptions): CovarianceLocator {
  const { code, moments, errors, threshold, epsilon = LOCATOR_EPSILON } = options
  requireMoments(moments, code)
  requireTolerated('errors', errors)
  requireEpsilon(epsilon)
  if (Number.isNaN(threshold)) throw new InvalidCodeError('threshold is a score, a number; got NaN')
  return {
    locate(survivors, results) {
      requireSurvivors(survivors, code.n)
      const rows = knownRows(moments, survivors)
      requireResults(rows.length, results)
      const finite = [...rows.keys()].filter(j => results[j].every(Number.isFinite))
      const wrong = survivors.filter((_, j) => !finite.includes(j))
      const scores = new Float64Array(survivors.length).fill(Infinity)
      // Positions among the finite results; the side results come last.
      const candidates = [...finite.keys()].filter(i => finite[i] < survivors.length)
      if (candidates.length === 0) return { wrong, scores }

      const fit = leaveOneOutFit(
        survivorCovariance(
          moments,
          finite.map(j => rows[j]),
          epsilon
        ).factor,
        finite.map(j => centre(results[j], moments))
      )
      const out = located(fit, candidates, { errors, threshold })
      const believed = without(fit, out)
      for (const i of candidates) {
        const others = out.filter(each => each !== i)
        scores[finite[i]] = score(others.length === out.length ? believed : without(fit, others), i)
      }
      return { wrong: [...wrong, ...out.map(i => survivors[finite[i]])], scores }
    }
  }
}

/** The candidates that do not fit, by their positions in the fit. */
function located(
  fit: Fit,
  candidates: readonly number[],
  { errors, threshold }: Pick<CovarianceLocatorOptions, 'errors' | 'threshold'>
): number[] {
  let out: number[] = []
  const next = (): number | undefined => {
    // The last one cannot be contradicted by anyone.
    if (out.length === errors || fit.weighted.length - out.length < 2) return undefined
    const left = without(fit, out)
    const suspects = candidates.filter(i => !out.includes(i))
    const worst = suspects.reduce((a, b) => (score(left, b) > score(left, a) ? b : a))
    return score(left, worst) > threshold ? worst : undefined
  }
  for (let worst = next(); worst !== undefined; worst = next()) out.push(worst)
  for (let round = 0, changed = true; changed && round < ROUNDS; round++) {
    changed = false
    for (const suspect of out.slice()) {
      out = out.filter(each => each !== suspect)
      const worst = next()
      if (worst !== undefined) out.push(worst)
      changed ||= worst !== suspect
    }
  }
  return out
}

/**
 * The threshold above which at most a share of honest groups would have a result left out: a quantile of the largest score
 * of each.
 *
 * @param largest for each honest calibration group, the largest of its scores (located with `errors: 0`)
 * @param share of groups in which an honest result may be left out
 * @throws {InvalidCodeError} there are no groups, or the share is not in (0, 1)
 */
export function honestThreshold(largest: readonly number[], share: number): number {
  if (largest.length === 0) throw new InvalidCodeError('a threshold is calibrated on at least one honest group')
  if (!(share > 0 && share < 1))
    throw new InvalidCodeError(`the share of false alarms is between 0 and 1; got ${share}`)
  const ascending = [...largest].sort((a, b) => a - b)
  return ascending[Math.min(ascending.length - 1, Math.ceil((1 - share) * ascending.length) - 1)]
}

/** B (m×m) and B·Y (a row per result). */
interface Fit {
  precision: Float64Array
  weighted: Float64Array[]
}

function leaveOneOutFit(factor: Float64Array, centred: readonly Float64Array[]): Fit {
  const m = centred.length
  const precision = new Float64Array(m * m)
  for (let j = 0; j < m; j++) {
    const row = precision.subarray(j * m, (j + 1) * m)
    row[j] = 1
    choleskySolve(factor, m, row)
  }
  const weighted = centred.map((_, i) => {
    const sum = new Float64Array(centred[0].length)
    centred.forEach((vector, j) => {
      for (let c = 0; c < sum.length; c++) sum[c] += precision[i * m + j] * vector[c]
    })
    return sum
  })
  return { precision, weighted }
}

function score({ precision, weighted }: Fit, i: number): number {
  const squares = weighted[i].reduce((sum, value) => sum + value * value, 0)
  return squares / (precision[i * weighted.length + i] * weighted[i].length)
}

/** The fit without some of its results, as if they had not arrived. */
function without(fit: Fit, out: readonly number[]): Fit {
  const left = { precision: fit.precision.slice(), weighted: fit.weighted.map(row => row.slice()) }
  for (const j of out) leaveOut(left, j)
  return left
}

/** Takes result j out of B and of B·Y; its own row of both is void then. */
function leaveOut({ precision, weighted }: Fit, j: number): void {
  const m = weighted.length
  const row = precision.slice(j * m, (j + 1) * m)
  for (let i = 0; i < m; i++) {
    if (i === j) continue
    const share = row[i] / row[j]
    for (let c = 0; c < m; c++) precision[i * m + c] -= share * row[c]
    for (let c = 0; c < weighted[i].length; c++) weighted[i][c] -= share * weighted[j][c]
  }
}
