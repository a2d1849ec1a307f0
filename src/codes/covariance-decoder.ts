import { choleskySolve } from './cholesky.ts'
import type { LinearCode, Survivors } from './code.ts'
import { survivorCovariance } from './covariance.ts'
import { capRows, DEFAULT_NORM_CAP, type DecoderOptions, requireNormCap } from './decoder.ts'
import { InvalidCodeError } from './errors.ts'
import { type Moments, requireMoments } from './moments.ts'
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
 *     D_S = C_FS · (C_SS + ε·tr(C)/(n+k)·I)⁻¹
 *
 * with S the survivors and F the predictions. It works on centred outputs. Predictions of `logits` have class mean 0,
 * which changes neither their order nor their softmax; the others get their centre back. A query whose own result survives
 * has that result, untouched.
 *
 * The centre is what a prediction shrinks to when survivors say little, so rows of D do not sum to 1.
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
      const { matrix, raised } = covarianceMatrix(moments, survivors, epsilon)
      const own = Array.from({ length: k }, (_, q) => survivors.findIndex(index => queryOf[index] === q))
      const width = survivors.length
      own.forEach((j, q) => {
        if (j >= 0) matrix.subarray(q * width, (q + 1) * width).fill(0)[j] = 1
      })
      const recoverable = Array.from({ length: k }, () => true)
      const capped = capRows(matrix, recoverable, normCap)
      const guarded = capped.map((cap, q) => cap || (raised && own[q] < 0))
      const finish = recentre(matrix, moments, k)
      return operator(code, survivors, { matrix, recoverable, guarded, averageExact, finish })
    }
  }
}

/** @throws {InvalidCodeError} `epsilon` is not a finite number ≥ 0 */
export function requireEpsilon(epsilon: number): void {
  if (!Number.isFinite(epsilon) || epsilon < 0) {
    throw new InvalidCodeError(`epsilon regularises the moments, a finite number ≥ 0; got ${epsilon}`)
  }
}

/** D_S (k×m), on centred outputs; `raised` where ε was not enough to make C_SS regular. */
export function covarianceMatrix(
  moments: Moments,
  survivors: Survivors,
  epsilon: number
): { matrix: Float64Array; raised: boolean } {
  const { n, k } = moments
  const m = survivors.length
  const { factor, raised } = survivorCovariance(moments, survivors, epsilon)
  const matrix = new Float64Array(k * m)
  for (let q = 0; q < k; q++) {
    const row = matrix.subarray(q * m, (q + 1) * m)
    survivors.forEach((index, j) => {
      row[j] = moments.matrix[(n + q) * (n + k) + index]
    })
    choleskySolve(factor, m, row)
  }
  return { matrix, raised }
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
