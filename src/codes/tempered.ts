import { softmax } from './softmax.ts'

/**
 * Probabilities of logits that are only known to be Gaussian with this variance: softmax(z / √(1 + πσ²/8)). The softmax of
 * the mean alone is surer than the mean of the softmax, most so where few survivors are near. Nothing is fitted, and
 * the order of classes stays.
 *
 * Source: MacKay, "The evidence framework applied to classification networks", 1992, for two classes; taken class by
 * class, as in Daxberger and others, "Laplace Redux", 2021, §2.
 *
 * @param variance σ² ≥ 0 of each logit, as {@link Operator.variances} has it for each prediction
 */
export function temperedSoftmax(logits: Float32Array, variance: number): Float32Array {
  const scale = 1 / Math.sqrt(1 + (Math.PI * variance) / 8)
  return softmax(logits.map(value => value * scale))
}
