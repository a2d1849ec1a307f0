import { cholesky, choleskySolve } from '../codes/index.ts'
import { StudentFitError } from './errors.ts'

/** The axes of an image, channels apart. */
export interface ImageShape {
  channels: number
  height: number
  width: number
}

export interface PatchOptions {
  /** How many patches. */
  count: number
  /** Pixels of a side of a patch, in the shrunk image. */
  side: number
  /** The image is shrunk by means of shrink×shrink pixels. */
  shrink: number
}

/** A convolution whose responses are features: ReLU(W·patch + b). */
export interface PatchBank extends PatchOptions {
  /** W (count×channels×side×side). */
  weights: Float32Array
  /** b (count) */
  biases: Float32Array
}

/** Patches that their covariance is learned from. */
const SAMPLE = 20_000
/** What is added to the variances, as a share of their mean: directions that hardly vary are noise, and would be blown up. */
const RIDGE = 0.05
/** In standard deviations of a response: a feature speaks up for the nearest third of patches. */
const THRESHOLD = 0.5

/**
 * Features of images without any training: responses to patches of the images themselves, drawn by chance, as likeness in
 * whitened pixels. With S the covariance of patches (ridged) and μ their mean, the feature of patch x beside the drawn z is
 *
 *     ReLU( (z − μ)ᵀ·S⁻¹·(x − μ) / √((z − μ)ᵀ·S⁻¹·(z − μ)) − ½ )
 *
 * whichever root of S whitens, so that none is taken: it is one Cholesky solve for each z.
 *
 * Source: Coates, Lee and Ng, "An analysis of single-layer networks in unsupervised feature learning", 2011, with patches
 * in place of centroids.
 *
 * @param images each of channels·height·width values
 * @param random gives the next number in [0, 1)
 * @throws {StudentFitError} there is no image, or one is smaller than a patch
 */
export function patchBank(
  images: readonly Float32Array[],
  shape: ImageShape,
  { count, side, shrink }: PatchOptions,
  random: () => number
): PatchBank {
  const { channels, height, width } = shape
  const [rows, columns] = [Math.floor(height / shrink) - side + 1, Math.floor(width / shrink) - side + 1]
  if (images.length === 0 || rows < 1 || columns < 1) {
    throw new StudentFitError(
      `patches of ${side}×${side} pixels are drawn from images that are at least as large after shrinking by ${shrink}; ` +
        `got ${images.length} of ${height}×${width}`
    )
  }
  const below = (limit: number): number => Math.floor(random() * limit)
  const draw = (): Float64Array => {
    return patch(images[below(images.length)], shape, { side, shrink }, { top: below(rows), left: below(columns) })
  }
  const sample = Array.from({ length: SAMPLE }, draw)
  const size = channels * side * side
  const mean = Float64Array.from({ length: size }, (_, i) => sample.reduce((sum, one) => sum + one[i], 0) / SAMPLE)
  const factor = ridgedCovariance(sample, mean)
  const weights = new Float32Array(count * size)
  const biases = new Float32Array(count)
  for (let f = 0; f < count; f++) {
    const centred = draw().map((value, i) => value - mean[i])
    const direction = centred.slice()
    choleskySolve(factor, size, direction)
    // A patch that is the mean itself is like nothing: all zeros, and no response.
    const length = Math.sqrt(inner(centred, direction)) || 1
    weights.set(
      direction.map(value => value / length),
      f * size
    )
    biases[f] = -inner(direction, mean) / length - THRESHOLD
  }
  return { count, side, shrink, weights, biases }
}

/** A patch of the shrunk image. */
function patch(
  image: Float32Array,
  { channels, height, width }: ImageShape,
  { side, shrink }: Pick<PatchOptions, 'side' | 'shrink'>,
  { top, left }: { top: number; left: number }
): Float64Array {
  const out = new Float64Array(channels * side * side)
  const area = shrink * shrink
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < side * shrink; y++) {
      const row = (c * height + top * shrink + y) * width + left * shrink
      const place = (c * side + Math.floor(y / shrink)) * side
      for (let x = 0; x < side * shrink; x++) out[place + Math.floor(x / shrink)] += image[row + x] / area
    }
  }
  return out
}

/** The Cholesky factor of the patches' covariance, with {@link RIDGE} of the mean variance on its diagonal. */
function ridgedCovariance(sample: readonly Float64Array[], mean: Float64Array): Float64Array {
  const size = mean.length
  const matrix = new Float64Array(size * size)
  for (const one of sample) {
    for (let i = 0; i < size; i++) {
      const centred = (one[i] - mean[i]) / sample.length
      for (let j = 0; j <= i; j++) matrix[i * size + j] += centred * (one[j] - mean[j])
    }
  }
  let trace = 0
  for (let i = 0; i < size; i++) trace += matrix[i * size + i]
  // Images of one colour vary nowhere; any ridge then keeps the factor regular.
  const ridge = RIDGE * (trace / size || 1)
  for (let i = 0; i < size; i++) matrix[i * size + i] += ridge
  cholesky(matrix, size)
  return matrix
}

function inner(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0)
}
