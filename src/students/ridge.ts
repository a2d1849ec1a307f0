import { choleskySolve, factoring, type Sliced, whole } from '../codes/index.ts'
import { StudentFitError } from './errors.ts'

/**
 * What a ridge regression needs to know of its queries, however many they are: the sum of z·zᵀ over them, with
 * z = [features; 1; targets]. Sums of parts add up, and a part can be forgotten by scaling.
 */
export interface RidgeSums {
  features: number
  targets: number
  /** (features + 1 + targets)² numbers, row-major, symmetric; their number of queries stands at [features, features]. */
  matrix: Float64Array
}

/** targets ≈ Wᵀ·features + b */
export interface Readout {
  /** W (features×targets). */
  weights: Float32Array
  /** b (targets) */
  biases: Float32Array
}

/** What λ is chosen from: features are standardised, so that the same ones suit all. */
export const LAMBDAS = [1e-3, 1e-2, 1e-1, 1]
/** As a share of the mean. Sums that were added up in float32 make about a third of this of a constant. */
const LEAST_DEVIATION = 1e-3

/**
 * The ridge regression of targets on standardised features,
 *
 *     W = (X̃ᵀX̃ + λ·n·I)⁻¹·X̃ᵀ·(T − mean T)
 *
 * brought back to features as they are. A feature that never varies gets no weight.
 *
 * @param lambda λ > 0
 * @throws {StudentFitError} no query was added up, or λ is too small for features that say the same
 */
export function ridge(sums: RidgeSums, lambda: number): Readout {
  return whole(ridging(sums, lambda))
}

/** As {@link ridge}, in slices; the sums must not change meanwhile. */
export function* ridging({ features, targets, matrix }: RidgeSums, lambda: number): Sliced<Readout> {
  const size = features + 1 + targets
  const count = matrix[features * size + features]
  if (!(count > 0)) throw new StudentFitError('a student is fitted to at least one query')
  const means = Float64Array.from({ length: size }, (_, i) => matrix[features * size + i] / count)
  const covariance = (i: number, j: number): number => matrix[i * size + j] / count - means[i] * means[j]
  const scales = Float64Array.from({ length: features }, (_, i) => {
    const deviation = Math.sqrt(Math.max(0, covariance(i, i)))
    return deviation > LEAST_DEVIATION * Math.abs(means[i]) ? 1 / deviation : 0
  })
  const gram = new Float64Array(features * features)
  for (let i = 0; i < features; i++) {
    for (let j = 0; j <= i; j++) gram[i * features + j] = covariance(i, j) * scales[i] * scales[j]
    gram[i * features + i] += lambda
    yield i
  }
  if (!((yield* factoring(gram, features)) > 0)) {
    throw new StudentFitError(`λ = ${lambda} leaves the features' moments singular: take a larger one`)
  }
  const weights = new Float32Array(features * targets)
  const biases = new Float32Array(targets)
  for (let t = 0; t < targets; t++) {
    const target = features + 1 + t
    const column = Float64Array.from({ length: features }, (_, i) => covariance(i, target) * scales[i])
    choleskySolve(gram, features, column)
    let bias = means[target]
    column.forEach((standardised, i) => {
      const weight = standardised * scales[i]
      weights[i * targets + t] = weight
      bias -= weight * means[i]
    })
    biases[t] = bias
    yield features * features
  }
  return { weights, biases }
}

/** What the readout says of these features. */
export function readOut({ weights, biases }: Readout, features: Float32Array): Float32Array {
  const said = biases.slice()
  for (let i = 0; i < features.length; i++) {
    const value = features[i]
    if (value === 0) continue
    for (let t = 0; t < said.length; t++) said[t] += value * weights[i * said.length + t]
  }
  return said
}

/** No query yet. */
export function noSums(features: number, targets: number): RidgeSums {
  return { features, targets, matrix: new Float64Array((features + 1 + targets) ** 2) }
}

/** Adds queries, each as its row z, to what is there; that counts for the share `memory` of what it did. In slices. */
export function* addingUp({ matrix }: RidgeSums, rows: readonly Float32Array[], memory: number): Sliced<void> {
  const [{ length: size }] = rows
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) matrix[i * size + j] *= memory
    for (const z of rows) {
      const value = z[i]
      for (let j = 0; j <= i; j++) matrix[i * size + j] += value * z[j]
    }
    for (let j = 0; j < i; j++) matrix[j * size + i] = matrix[i * size + j]
    yield i * rows.length
  }
}

/**
 * ‖t − Wᵀx − b‖² summed over targets, mean over the queries of these sums: expanded, it needs nothing but the sums. λ is chosen
 * by it, on sums of queries that the readout was not fitted to.
 */
export function squaredError({ features, targets, matrix }: RidgeSums, { weights, biases }: Readout): number {
  const size = features + 1 + targets
  const count = matrix[features * size + features]
  let total = 0
  for (let t = 0; t < targets; t++) {
    // v = [W; b; −1] of this target, for which the error is vᵀ·Σzzᵀ·v.
    const v = new Float64Array(size)
    for (let i = 0; i < features; i++) v[i] = weights[i * targets + t]
    v[features] = biases[t]
    v[features + 1 + t] = -1
    for (let i = 0; i < size; i++) {
      if (v[i] === 0) continue
      let row = 0
      for (let j = 0; j < size; j++) row += matrix[i * size + j] * v[j]
      total += v[i] * row
    }
  }
  return total / count
}

/** Sums over the queries of both. */
export function joinSums(a: RidgeSums, b: RidgeSums): RidgeSums {
  return { ...a, matrix: a.matrix.map((sum, i) => sum + b.matrix[i]) }
}
