import { covarianceMatrix, type Moments, type Survivors, softmax } from '../../src/codes/index.ts'

/**
 * How unsure a decoded logit is, for each query: the variance that the survivors leave unexplained,
 *
 *     σ_q² = C_qq − C_qS·(C_SS + εI)⁻¹·C_Sq
 *
 * in squared logits. Source: Rasmussen and Williams, 2006, eq. 2.24.
 */
export function posteriorVariances(moments: Moments, survivors: Survivors, epsilon: number): Float64Array {
  const { n, k, matrix: c } = moments
  const { matrix } = covarianceMatrix(moments, survivors, epsilon)
  return Float64Array.from({ length: k }, (_, q) => {
    const row = (n + q) * (n + k)
    let variance = c[row + n + q]
    survivors.forEach((index, j) => {
      variance -= matrix[q * survivors.length + j] * c[row + index]
    })
    return Math.max(0, variance)
  })
}

/**
 * Probabilities of a logit that is only known to be Gaussian with this variance: softmax(z / √(1 + πσ²/8)). The softmax of the
 * mean alone is surer than the mean of the softmax, most so where few survivors are near.
 *
 * Source: MacKay, "The evidence framework applied to classification networks", 1992, for two classes; taken class by
 * class, as in Daxberger and others, "Laplace Redux", 2021, §2.
 */
export function temperedSoftmax(logits: Float32Array, variance: number): Float32Array {
  const scale = 1 / Math.sqrt(1 + (Math.PI * variance) / 8)
  return softmax(logits.map(value => value * scale))
}
