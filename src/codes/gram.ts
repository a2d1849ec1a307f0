import { GroupSizeError } from './errors.ts'
import { type Sliced, whole } from './sliced.ts'

/** Elements of the vectors that are multiplied at a time. */
const COLUMNS = 4096

/** What a multiply-add costs here, in those of the matrix product, which has vector instructions: measured. */
const COST = 6

/**
 * The inner products of a group's vectors: all that orders and kernels need to know of them. Computed once, it serves
 * both, and vectors can be forgotten.
 */
export interface Gram {
  /** Number of vectors. */
  readonly size: number
  /** G (size×size, row-major): G[i, j] = x_i·x_j. */
  readonly matrix: Float64Array
}

/**
 * @param vectors of one length
 * @throws {GroupSizeError} they differ in length
 */
export function gram(vectors: readonly Float32Array[]): Gram {
  return whole(gramming(vectors))
}

/** As {@link gram}, in slices. */
export function* gramming(vectors: readonly Float32Array[]): Sliced<Gram> {
  const size = vectors.length
  const odd = vectors.findIndex(({ length }) => length !== vectors[0].length)
  if (odd >= 0) {
    throw new GroupSizeError(
      `vectors share one length: number ${odd} has ${vectors[odd].length}, the first ${vectors[0].length}`
    )
  }
  const matrix = new Float64Array(size * size)
  const length = vectors[0]?.length ?? 0
  for (let from = 0; from < length; from += COLUMNS) {
    const parts = vectors.map(vector => vector.subarray(from, from + COLUMNS))
    for (let i = 0; i < size; i += 2) {
      for (let j = 0; j <= i; j += 2) addProducts(matrix, parts, i, j)
      yield COST * 2 * (i + 2) * parts[0].length
    }
  }
  return { size, matrix }
}

/** G of the vectors in another order: entry i is vector order[i]. */
export function reorderGram({ size, matrix }: Gram, order: readonly number[]): Gram {
  const reordered = new Float64Array(size * size)
  order.forEach((a, i) => {
    order.forEach((b, j) => {
      reordered[i * size + j] = matrix[a * size + b]
    })
  })
  return { size, matrix: reordered }
}

/** ‖x_i − x_j‖ (size×size, row-major), from G[i, i] + G[j, j] − 2·G[i, j]. */
export function distances({ size, matrix }: Gram): Float64Array {
  const out = new Float64Array(size * size)
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) {
      const square = matrix[i * size + i] + matrix[j * size + j] - 2 * matrix[i * size + j]
      const distance = Math.sqrt(Math.max(0, square))
      out[i * size + j] = distance
      out[j * size + i] = distance
    }
  }
  return out
}

/** The median distance between two of the vectors; 0 for a single one. */
export function medianDistance(group: Gram): number {
  const all = distances(group)
  const pairs: number[] = []
  for (let i = 0; i < group.size; i++) for (let j = 0; j < i; j++) pairs.push(all[i * group.size + j])
  pairs.sort((a, b) => a - b)
  return pairs[pairs.length >> 1] ?? 0
}

/**
 * Adds the products of vectors i and i+1 with j and j+1, on both sides of the diagonal. Two by two, for then four loads
 * serve four sums, which need not wait for each other. A vector that is not there is the one before it again.
 */
function addProducts(matrix: Float64Array, vectors: readonly Float32Array[], i: number, j: number): void {
  const size = vectors.length
  const nextI = Math.min(i + 1, size - 1)
  const nextJ = Math.min(j + 1, size - 1)
  const [a0, a1, b0, b1] = [vectors[i], vectors[nextI], vectors[j], vectors[nextJ]]
  let s00 = matrix[i * size + j]
  let s01 = matrix[i * size + nextJ]
  let s10 = matrix[nextI * size + j]
  let s11 = matrix[nextI * size + nextJ]
  for (let c = 0; c < a0.length; c++) {
    s00 += a0[c] * b0[c]
    s01 += a0[c] * b1[c]
    s10 += a1[c] * b0[c]
    s11 += a1[c] * b1[c]
  }
  matrix[i * size + j] = matrix[j * size + i] = s00
  matrix[i * size + nextJ] = matrix[nextJ * size + i] = s01
  matrix[nextI * size + j] = matrix[j * size + nextI] = s10
  matrix[nextI * size + nextJ] = matrix[nextJ * size + nextI] = s11
}
