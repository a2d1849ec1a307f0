import type { Survivors } from './code.ts'
import { GroupSizeError, InvalidCodeError } from './errors.ts'

/**
 * What the outputs of a model are, which says what they vary about. `logits`: their own mean over the classes, which a
 * softmax takes out anyway. `probabilities`: 1/C each. `values`: 0, or what is given as `mean`.
 */
export type Outputs = 'logits' | 'probabilities' | 'values'

/** What the outputs of a code are like on average, about their centre; they are learned on calibration groups. */
export interface Moments {
  /** Number of coded queries. */
  n: number
  /** Number of queries in a group. */
  k: number
  /**
   * Number of side results: what is known of a group besides coded results, such as a student's answer to each query. They
   * always arrive. Default 0.
   */
  side?: number
  /**
   * C (row-major, a row for each): second moments, over groups and outputs, of [the n coded results; the side results;
   * the k predictions].
   */
  matrix: Float64Array
  outputs: Outputs
  /** For `values` only: what each output is on average. */
  mean?: Float64Array
}

/**
 * The second moments of calibration groups, C = Σ_groups Σ_outputs y·yᵀ / (groups · outputs), where y is what one output is
 * over [the n coded results; the side results; the k predictions] of a group, centred.
 *
 * @param groups each with vectors of one length: the results of all coded queries, the side results, the model's own
 *   predictions
 * @throws {GroupSizeError} there is no group, or one that does not have so many vectors of that length
 */
export function secondMoments(
  groups: Iterable<readonly Float32Array[]>,
  { n, k, side, outputs, mean }: Omit<Moments, 'matrix'>
): Moments {
  const size = momentsSize({ n, k, side })
  const matrix = new Float64Array(size * size)
  let terms = 0
  let width: number | undefined
  for (const vectors of groups) {
    width ??= vectors[0]?.length
    if (vectors.length !== size || vectors.some(({ length }) => length !== width)) {
      throw new GroupSizeError(
        `a calibration group has ${size} vectors of ${width} outputs, n results, side results and k predictions`
      )
    }
    const centred = vectors.map(vector => centre(vector, { outputs, mean }))
    for (let i = 0; i < size; i++) {
      for (let j = 0; j <= i; j++) matrix[i * size + j] += inner(centred[i], centred[j])
    }
    terms += centred[0].length
  }
  if (terms === 0) throw new GroupSizeError('moments need at least one calibration group with outputs')
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      matrix[i * size + j] /= terms
      matrix[j * size + i] = matrix[i * size + j]
    }
  }
  return { n, k, side, matrix, outputs, mean }
}

/** Rows of C. */
export function momentsSize({ n, k, side = 0 }: Pick<Moments, 'n' | 'k' | 'side'>): number {
  return n + side + k
}

/** The rows of C that are known of a group: its survivors and the side results. */
export function knownRows({ n, side = 0 }: Pick<Moments, 'n' | 'side'>, survivors: Survivors): number[] {
  return [...survivors, ...Array.from({ length: side }, (_, s) => n + s)]
}

/** The outputs of one result about their centre. */
export function centre(vector: Float32Array, { outputs, mean }: Pick<Moments, 'outputs' | 'mean'>): Float64Array {
  const centred = Float64Array.from(vector)
  const classes = centred.length
  if (outputs === 'logits') {
    const shift = centred.reduce((sum, value) => sum + value, 0) / classes
    return centred.map(value => value - shift)
  }
  if (outputs === 'probabilities') return centred.map(value => value - 1 / classes)
  return mean === undefined ? centred : centred.map((value, c) => value - mean[c])
}

/**
 * @throws {InvalidCodeError} the moments are of another (k, n), are not second moments, or have a mean that means nothing
 */
export function requireMoments(moments: Moments, code: { n: number; k: number }): void {
  const { n, k, matrix, outputs, mean } = moments
  const size = momentsSize(moments)
  if (n !== code.n || k !== code.k) {
    throw new InvalidCodeError(`the code is (k, n) = (${code.k}, ${code.n}), the moments are of (${k}, ${n})`)
  }
  if (matrix.length !== size ** 2 || !matrix.every(Number.isFinite)) {
    throw new InvalidCodeError(`moments are ${size}×${size} finite numbers; got ${matrix.length} numbers`)
  }
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      const bound = Math.sqrt(matrix[i * size + i]) * Math.sqrt(matrix[j * size + j])
      if (!(Math.abs(matrix[i * size + j]) <= bound * (1 + 1e-6))) {
        throw new InvalidCodeError(
          `C[${i}, ${j}] is no second moment: it is larger than √(C[${i}, ${i}]·C[${j}, ${j}])`
        )
      }
    }
  }
  if (mean !== undefined && outputs !== 'values') {
    throw new InvalidCodeError(`${outputs} have a centre of their own; leave out mean`)
  }
}

function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let c = 0; c < a.length; c++) sum += a[c] * b[c]
  return sum
}
