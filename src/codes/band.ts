/** A symmetric positive definite matrix with two bands on each side of the diagonal. */
export interface Pentadiagonal {
  /** M[j, j] */
  diagonal: Float64Array
  /** M[j, j+1]; the last entry is not used. */
  first: Float64Array
  /** M[j, j+2]; the last two entries are not used. */
  second: Float64Array
}

/**
 * Factors M = L·D·Lᵀ (L unit lower triangular, with the same bands) in place and in O(n): `diagonal` becomes D, and
 * `first` and `second` become the bands of L below the diagonal, L[j+1, j] and L[j+2, j].
 *
 * Source: Green and Silverman, "Nonparametric Regression and Generalized Linear Models", 1994, §2.6.
 */
export function factor({ diagonal, first, second }: Pentadiagonal): void {
  for (let j = 0; j < diagonal.length; j++) {
    if (j > 0) diagonal[j] -= first[j - 1] ** 2 * diagonal[j - 1]
    if (j > 1) diagonal[j] -= second[j - 2] ** 2 * diagonal[j - 2]
    if (j > 0) first[j] -= first[j - 1] * second[j - 1] * diagonal[j - 1]
    first[j] /= diagonal[j]
    second[j] /= diagonal[j]
  }
}

/** Solves L·D·Lᵀ·x = b in O(n), overwriting b with x; the matrix as {@link factor} left it. */
export function solve({ diagonal, first, second }: Pentadiagonal, b: Float64Array): void {
  const n = diagonal.length
  for (let j = 1; j < n; j++) {
    b[j] -= first[j - 1] * b[j - 1]
    if (j > 1) b[j] -= second[j - 2] * b[j - 2]
  }
  for (let j = n - 1; j >= 0; j--) {
    b[j] /= diagonal[j]
    if (j + 1 < n) b[j] -= first[j] * b[j + 1]
    if (j + 2 < n) b[j] -= second[j] * b[j + 2]
  }
}
