import { choleskySolve } from './cholesky.ts'
import type { LinearCode, Survivors } from './code.ts'
import { survivorCovariance } from './covariance.ts'
import { capRows, DEFAULT_NORM_CAP, type DecoderOptions, requireNormCap } from './decoder.ts'
import { InvalidCodeError } from './errors.ts'
import { knownRows, type Moments, momentsSize, requireMoments } from './moments.ts'
import { type LinearDecoder, operator } from './operator.ts'
import { requireSurvivors } from './survivors.ts'
import { unitColumn } from './unit-row.ts'

export interface CovarianceDecoderOptions extends DecoderOptions {
  code: LinearCode
  /** Learned on calibration groups of this code in this order, or {@link kernelMoments}. */
  moments: Moments
  /** ε ≥ 0, what is added to C_SS, in units of the mean variance; default 1e-3. */
  epsilon?: number
}

/** ε where none is given: that of the reference study (LeNet5 on MNIST, (20, 100)). */
export const DEFAULT_EPSILON = 1e-3

/**
 * The best linear decoder for every survivor set, given how outputs vary together:
 *
 *     D_S = C_FS · (C_SS + ε·v·I)⁻¹
 *
 * with S the survivors (and the side results of the moments), F the predictions and v the mean variance. It works on centred outputs. Predictions of `logits` have class mean 0,
 * which changes neither their order nor their softmax; the others get their centre back. A query whose own result survives
 * has that result, untouched.
 *
 * The centre is what a prediction shrinks to when survivors say little, so rows of D do not sum to 1. Its operators say how
 * unsure each prediction is.
 *
 * Source: kriging, or best linear unbiased prediction; Rasmussen and Williams, "Gaussian Processes for Machine Learning",
 * 2006, eq. 2.23.
 *
 * @throws {InvalidCodeError} moments of another (k, n) or not finite, ε not ≥ 0, or `normCap` not ≥ 1
 */
export function covarianceDecoder(options: CovarianceDecoderOptions): LinearDecoder {
  const { code, moments, epsilon = DEFAULT_EPSILON, normCap = DEFAULT_NORM_CAP, averageExact = false } = options
  requireMoments(moments, code)
  requireEpsilon(epsilon)
  requireNormCap(normCap)
  const { k, n, encodingMatrix } = code
  // Which query a coded query is, if it is one.
  const queryOf = Array.from({ length: n }, (_, i) => unitColumn(encodingMatrix, k, i))

  return {
    select(survivors) {
      requireSurvivors(survivors, n)
      const { matrix, variances, raised } = covarianceMatrix(moments, survivors, epsilon)
      const own = Array.from({ length: k }, (_, q) => survivors.findIndex(index => queryOf[index] === q))
      const width = matrix.length / k
      own.forEach((j, q) => {
        if (j < 0) return
        matrix.subarray(q * width, (q + 1) * width).fill(0)[j] = 1
        variances[q] = 0
      })
      const recoverable = Array.from({ length: k }, () => true)
      const capped = capRows(matrix, recoverable, normCap)
      const guarded = capped.map((cap, q) => cap || (raised && own[q] < 0))
      const finish = recentre(matrix, moments, k)
      return operator(code, survivors, { matrix, recoverable, guarded, averageExact, finish, variances })
    }
  }
}

/** @throws {InvalidCodeError} `epsilon` is not a finite number ≥ 0 */
export function requireEpsilon(epsilon: number): void {
  if (!Number.isFinite(epsilon) || epsilon < 0) {
    throw new InvalidCodeError(`epsilon regularises the moments, a finite number ≥ 0; got ${epsilon}`)
  }
}

export interface CovarianceMatrix {
  /** D_S (k×m) on centred outputs: a column for each survivor, then for each side result. */
  matrix: Float64Array
  /**
   * What the known results leave unexplained of each prediction, the variance of one output in squared units of the outputs:
   * σ_q² = C_qq − C_qS·(C_SS + εvI)⁻¹·C_Sq
   */
  variances: Float64Array
  /** ε was not enough to make C_SS regular. */
  raised: boolean
}

/** Source of the variance: Rasmussen and Williams, 2006, eq. 2.24. */
export function covarianceMatrix(moments: Moments, survivors: Survivors, epsilon: number): CovarianceMatrix {
  const { k } = moments
  const rows = knownRows(moments, survivors)
  const m = rows.length
  const size = momentsSize(moments)
  const { factor, raised } = survivorCovariance(moments, rows, epsilon)
  const matrix = new Float64Array(k * m)
  const variances = new Float64Array(k)
  for (let q = 0; q < k; q++) {
    const own = (size - k + q) * size
    const row = matrix.subarray(q * m, (q + 1) * m)
    rows.forEach((index, j) => {
      row[j] = moments.matrix[own + index]
    })
    choleskySolve(factor, m, row)
    const explained = rows.reduce((sum, index, j) => sum + row[j] * moments.matrix[own + index], 0)
    variances[q] = Math.max(0, moments.matrix[own + size - k + q] - explained)
  }
  return { matrix, variances, raised }
}

/**
 * What turns D·y into centre + D·(y − centre). As D is linear, that is D·y less its own class mean for logits, and else D·y
 * plus the part of the centre that a row which sums to less than 1 leaves out.
 */
function recentre(matrix: Float64Array, { outputs, mean }: Moments, k: number) {
  const width = matrix.length / k
  return (values: Float32Array, q: number): void => {
    if (outputs === 'logits') {
      const shift = values.reduce((sum, value) => sum + value, 0) / values.length
      for (let c = 0; c < values.length; c++) values[c] -= shift
      return
    }
    const left = 1 - matrix.subarray(q * width, (q + 1) * width).reduce((sum, entry) => sum + entry, 0)
    const uniform = outputs === 'probabilities' ? 1 / values.length : 0
    for (let c = 0; c < values.length; c++) values[c] += left * (mean?.[c] ?? uniform)
  }
}
