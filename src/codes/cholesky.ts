import { type Sliced, whole } from './sliced.ts'

/**
 * Factors a symmetric positive definite A (n×n, row-major) as L·Lᵀ in place: the lower triangle becomes L, what is above it
 * is neither read nor written.
 *
 * @returns the smallest pivot, as a share of its own diagonal entry in A: the part of that variable which those before it do
 * not explain, 1 for a diagonal matrix. Not above 0, or NaN, if A is not positive definite in float64; L is then void.
 */
export function cholesky(a: Float64Array, n: number): number {
  return whole(factoring(a, n))
}

/** As {@link cholesky}, row by row. */
export function* factoring(a: Float64Array, n: number): Sliced<number> {
  let smallest = 1
  for (let i = 0; i < n; i++) {
    const row = i * n
    for (let j = 0; j < i; j++) {
      const above = j * n
      a[row + j] = (a[row + j] - inner(a, row, a, above, j)) / a[above + j]
    }
    const pivot = a[row + i] - inner(a, row, a, row, i)
    if (!(pivot > 0)) return pivot
    smallest = Math.min(smallest, pivot / a[row + i])
    a[row + i] = Math.sqrt(pivot)
    yield (i * i) / 2
  }
  return smallest
}

/** Solves L·Lᵀ·x = b, overwriting b with x; L as {@link cholesky} left it. */
export function choleskySolve(l: Float64Array, n: number, b: Float64Array): void {
  for (let i = 0; i < n; i++) {
    const row = i * n
    b[i] = (b[i] - inner(l, row, b, 0, i)) / l[row + i]
  }
  // Column by column, so that this triangle too is read along the rows of L.
  for (let i = n - 1; i >= 0; i--) {
    const row = i * n
    const value = b[i] / l[row + i]
    b[i] = value
    for (let m = 0; m < i; m++) b[m] -= l[row + m] * value
  }
}

/** Σ_m x[from + m]·y[start + m], m below `length`. Four sums, which need not wait for each other. */
function inner(x: Float64Array, from: number, y: Float64Array, start: number, length: number): number {
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  let m = 0
  for (; m + 3 < length; m += 4) {
    s0 += x[from + m] * y[start + m]
    s1 += x[from + m + 1] * y[start + m + 1]
    s2 += x[from + m + 2] * y[start + m + 2]
    s3 += x[from + m + 3] * y[start + m + 3]
  }
  for (; m < length; m++) s0 += x[from + m] * y[start + m]
  return s0 + s1 + (s2 + s3)
}
