import type { LinearCode } from './code.ts'
import { GroupSizeError, InvalidCodeError } from './errors.ts'
import { type Gram, medianDistance } from './gram.ts'
import type { Moments, Outputs } from './moments.ts'

export interface KernelMomentsOptions {
  code: LinearCode
  /** Inner products of the group's queries (or of features of them) in the order in which they are encoded. */
  gram: Gram
  outputs: Outputs
  /** For `values` only: what each output is on average. */
  mean?: Float64Array
  /** ℓ > 0, in units of the median distance between two queries of the group. Default {@link DEFAULT_LENGTH_SCALE}. */
  lengthScale?: number
  /** p in (0, 2], how smooth the model is taken to be; default 1.5. */
  power?: number
}

/** ℓ = 16 was best for LeNet5 on MNIST, where the median distance between the queries of a group of 20 is 10.2. */
export const DEFAULT_LENGTH_SCALE = 1.6

/**
 * Moments for the {@link covarianceDecoder} of one group without any calibration: the model taken as a Gaussian process over its
 * inputs, with covariance exp(−(‖x − x′‖ / ℓ)^p) between its outputs at x and x′.
 *
 * A coded query is the mixture Σ_q E[i,q]·x_q and its row of E sums to 1, so that all distances, between coded queries too,
 * follow from the K×K Gram matrix; the queries themselves are not needed.
 *
 * @throws {GroupSizeError} the Gram matrix is not of K queries
 * @throws {InvalidCodeError} ℓ is not above 0, or p not in (0, 2], where the covariance would not be one
 */
export function kernelMoments(options: KernelMomentsOptions): Moments {
  const { code, gram, outputs, mean, lengthScale = DEFAULT_LENGTH_SCALE, power = 1.5 } = options
  if (gram.size !== code.k) throw new GroupSizeError(`the code has ${code.k} queries, the Gram matrix ${gram.size}`)
  if (!(lengthScale > 0 && lengthScale < Infinity)) {
    throw new InvalidCodeError(`lengthScale is a finite number above 0; got ${lengthScale}`)
  }
  if (!(power > 0 && power <= 2)) throw new InvalidCodeError(`power is above 0 and at most 2; got ${power}`)

  // All queries the same: every distance is 0, whatever the unit.
  const length = lengthScale * (medianDistance(gram) || 1)
  const matrix = overDistances(code, gram, square => Math.exp(-((square / length ** 2) ** (power / 2))))
  return { n: code.n, k: code.k, matrix, outputs, mean }
}

/**
 * A covariance of ‖a − b‖² = M[a, a] + M[b, b] − 2·M[a, b] over [coded queries; queries], with M = [E; I]·G·[E; I]ᵀ.
 */
function overDistances(
  { k, n, encodingMatrix }: LinearCode,
  { matrix: products }: Gram,
  covariance: (square: number) => number
): Float64Array {
  const size = n + k
  const mixtures = new Float64Array(size * k)
  mixtures.set(encodingMatrix)
  for (let q = 0; q < k; q++) mixtures[(n + q) * k + q] = 1
  const m = timesTransposed(timesTransposed(mixtures, products, k), mixtures, k)
  const matrix = new Float64Array(size * size)
  for (let a = 0; a < size; a++) {
    for (let b = 0; b <= a; b++) {
      const square = m[a * size + a] + m[b * size + b] - 2 * m[a * size + b]
      matrix[a * size + b] = covariance(Math.max(0, square))
      matrix[b * size + a] = matrix[a * size + b]
    }
  }
  return matrix
}

/** A·Bᵀ for row-major matrices of `width` columns. */
function timesTransposed(a: Float64Array, b: Float64Array, width: number): Float64Array {
  const [rows, columns] = [a.length / width, b.length / width]
  const out = new Float64Array(rows * columns)
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let sum = 0
      for (let c = 0; c < width; c++) sum += a[i * width + c] * b[j * width + c]
      out[i * columns + j] = sum
    }
  }
  return out
}
