/**
 * Factors a symmetric positive definite A (n×n, row-major) as L·Lᵀ in place: the lower triangle becomes L, what is above it
 * is neither read nor written.
 *
 * @returns the smallest pivot, as a share of its own diagonal entry in A: the part of that variable which those before it do
 * not explain, 1 for a diagonal matrix. Not above 0, or NaN, if A is not positive definite in float64; L is then void.
 */
export function cholesky(a: Float64Array, n: number): number {
  let smallest = 1
  for (let i = 0; i < n; i++) {
    const row = i * n
    for (let j = 0; j < i; j++) {
      const above = j * n
      let sum = a[row + j]
      for (let m = 0; m < j; m++) sum -= a[row + m] * a[above + m]
      a[row + j] = sum / a[above + j]
    }
    let pivot = a[row + i]
    for (let m = 0; m < i; m++) pivot -= a[row + m] ** 2
    if (!(pivot > 0)) return pivot
    smallest = Math.min(smallest, pivot / a[row + i])
    a[row + i] = Math.sqrt(pivot)
  }
  return smallest
}

/** Solves L·Lᵀ·x = b, overwriting b with x; L as {@link cholesky} left it. */
export function choleskySolve(l: Float64Array, n: number, b: Float64Array): void {
  for (let i = 0; i < n; i++) {
    const row = i * n
    let sum = b[i]
    for (let m = 0; m < i; m++) sum -= l[row + m] * b[m]
    b[i] = sum / l[row + i]
  }
  // Column by column, so that this triangle too is read along the rows of L.
  for (let i = n - 1; i >= 0; i--) {
    const row = i * n
    const value = b[i] / l[row + i]
    b[i] = value
    for (let m = 0; m < i; m++) b[m] -= l[row + m] * value
  }
}
