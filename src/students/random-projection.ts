import { StudentFitError } from './errors.ts'

/** Random directions to look at a query from; features are ReLU(Wᵀx + b). */
export interface RandomProjection {
  /** W (length×count) */
  weights: Float32Array
  /** b (count) */
  biases: Float32Array
}

/**
 * Features of any numbers, such as vectors and sequences, without any training: with μ_j and σ_j the mean and the deviation of number j
 * over the queries, d of them that vary, and r and u drawn by chance, normal and uniform in [−1, 1],
 *
 *     ReLU( Σ_j r_j·(x_j − μ_j)/σ_j / √d + u )
 *
 * A number that never varies has no part in them.
 *
 * Source: Rahimi and Recht, "Weighted sums of random kitchen sinks", 2008.
 *
 * @param random gives the next number in [0, 1)
 * @throws {StudentFitError} there are no queries
 */
export function randomProjection(
  queries: readonly Float32Array[],
  count: number,
  random: () => number
): RandomProjection {
  if (queries.length === 0) throw new StudentFitError('random features are scaled by at least one query, got none')
  const [{ length }] = queries
  const means = new Float64Array(length)
  const variances = new Float64Array(length)
  for (const query of queries) {
    for (let j = 0; j < length; j++) means[j] += query[j] / queries.length
  }
  for (const query of queries) {
    for (let j = 0; j < length; j++) variances[j] += (query[j] - means[j]) ** 2 / queries.length
  }
  const varying = variances.filter(variance => variance > 0).length
  const scales = variances.map(variance => (variance > 0 ? 1 / Math.sqrt(variance * varying) : 0))
  const biases = Float32Array.from({ length: count }, () => 2 * random() - 1)
  const weights = new Float32Array(length * count)
  for (let j = 0; j < length; j++) {
    for (let f = 0; f < count; f++) {
      const weight = normal(random) * scales[j]
      weights[j * count + f] = weight
      biases[f] -= weight * means[j]
    }
  }
  return { weights, biases }
}

/** A standard normal number (Box and Muller). */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}
