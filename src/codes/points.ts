/**
 * Chebyshev points of the first kind, descending: α_j = cos((2j+1)π / 2K). Queries sit here (NeRCC §3.1, "Interpolation
 * Points").
 */
export function chebyshevFirst(k: number): Float64Array {
  return Float64Array.from({ length: k }, (_, j) => Math.cos(((2 * j + 1) * Math.PI) / (2 * k)))
}

/**
 * Chebyshev points of the second kind, descending: β_i = cos(iπ / (N−1)), and β = 0 for N = 1. Coded queries sit here
 * (NeRCC §3.1).
 */
export function chebyshevSecond(n: number): Float64Array {
  if (n === 1) return Float64Array.of(0)
  return Float64Array.from({ length: n }, (_, i) => Math.cos((i * Math.PI) / (n - 1)))
}

/** Where the queries (α, k of them) and the coded queries (β, n of them) sit on the curves; both descending. */
export interface CodingPoints {
  alpha: Float64Array
  beta: Float64Array
}

/**
 * The points of a code. Where a β is in truth an α, it is made exactly the same number, although the two cosines may round
 * differently: interpolation then meets its data point, with no division by almost zero.
 */
export function codingPoints(k: number, n: number): CodingPoints {
  const alpha = chebyshevFirst(k)
  const beta = chebyshevSecond(n)
  for (let i = 0; i < n; i++) {
    const j = coincident(k, n, i)
    if (j !== undefined) beta[i] = alpha[j]
  }
  return { alpha, beta }
}

// The angles iπ/(N−1) and (2j+1)π/2K are equal where 2Ki/(N−1) is the odd number 2j+1: a test in whole numbers that needs
// no tolerance. N = 1 is the angle π/2.
function coincident(k: number, n: number, i: number): number | undefined {
  const [numerator, denominator] = n === 1 ? [k, 1] : [2 * k * i, n - 1]
  const odd = numerator / denominator
  return odd % 2 === 1 ? (odd - 1) / 2 : undefined
}
