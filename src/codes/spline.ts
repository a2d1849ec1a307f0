import { factor, type Pentadiagonal, solve } from './band.ts'

/**
 * The natural cubic smoothing spline as a matrix A (at.length × knots.length): with values y at the knots x,
 * g(z) = Σ_j A(z,j)·y_j is the minimiser of
 *
 *     Σ_j (y_j − g(x_j))² + λ ∫ g″(t)² dt                      (NeRCC eq. 6, 7)
 *
 * between its knots, and outside them, where the minimiser is a line. λ = 0 interpolates: a unit row at each knot. One knot
 * gives a constant, two a line.
 *
 * With γ the second derivatives of g at the inner knots, Q (n × n−2) the second differences and R (n−2 × n−2) their Gram
 * matrix, (R + λQᵀQ)·γ = Qᵀy and g(x) = y − λQγ. A value of g is u·g(x) + v·γ, with at most two entries in u and
 * two in v, so its row of A is the transpose of that solve:
 *
 *     row = u + Q·w,   (R + λQᵀQ)·w = v − λQᵀu
 *
 * one pentadiagonal solve, O(n) a row. R + λQᵀQ is divided by 1 + λ, so that no λ overflows.
 *
 * Source: Green and Silverman, "Nonparametric Regression and Generalized Linear Models", 1994, §2.3 (Reinsch's algorithm).
 *
 * @param knots x, strictly ascending
 * @param at z, in any order
 * @param lambda λ ≥ 0, finite
 */
export function splineMatrix(knots: Float64Array, at: Float64Array, lambda: number): Float64Array {
  const n = knots.length
  if (n === 1) return new Float64Array(at.length).fill(1)
  const roughness = 1 / (1 + lambda)
  const smoothing = lambda / (1 + lambda)
  const differences = secondDifferences(knots)
  const bands = normalMatrix(knots, differences, roughness, smoothing)
  factor(bands)

  const matrix = new Float64Array(at.length * n)
  const w = new Float64Array(n - 2)
  at.forEach((z, i) => {
    const row = matrix.subarray(i * n, (i + 1) * n)
    w.fill(0)
    evaluate(knots, z, row, w)
    for (let j = 0; j < w.length; j++) w[j] = roughness * w[j] - smoothing * dot(differences, j, row)
    solve(bands, w)
    addCombination(differences, w, row)
  })
  return matrix
}

/**
 * What the smoothing spline leaves of the values, y − g(x) = λ·M·y, as the matrix M = Q·(R + λQᵀQ)⁻¹·Qᵀ (n×n), up to a
 * factor. It has a limit for λ → 0, where the residuals themselves vanish.
 *
 * @param knots x, strictly ascending, at least 3
 * @param lambda λ ≥ 0, finite
 */
export function residualMatrix(knots: Float64Array, lambda: number): Float64Array {
  const n = knots.length
  const differences = secondDifferences(knots)
  const bands = normalMatrix(knots, differences, 1 / (1 + lambda), lambda / (1 + lambda))
  factor(bands)
  const matrix = new Float64Array(n * n)
  const w = new Float64Array(n - 2)
  for (let i = 0; i < n; i++) {
    const row = matrix.subarray(i * n, (i + 1) * n)
    row[i] = 1
    for (let j = 0; j < w.length; j++) w[j] = dot(differences, j, row)
    row[i] = 0
    solve(bands, w)
    addCombination(differences, w, row)
  }
  return matrix
}

/** Q by its three bands: column j has `left[j]` in row j, `middle[j]` in row j+1 and `right[j]` in row j+2. */
interface SecondDifferences {
  left: Float64Array
  middle: Float64Array
  right: Float64Array
}

function secondDifferences(knots: Float64Array): SecondDifferences {
  const inner = knots.subarray(2)
  const left = inner.map((_, j) => 1 / (knots[j + 1] - knots[j]))
  const right = inner.map((_, j) => 1 / (knots[j + 2] - knots[j + 1]))
  return { left, middle: inner.map((_, j) => -(left[j] + right[j])), right }
}

/** (Qᵀu)_j */
function dot({ left, middle, right }: SecondDifferences, j: number, u: Float64Array): number {
  return left[j] * u[j] + middle[j] * u[j + 1] + right[j] * u[j + 2]
}

/** Adds Q·w to u. */
function addCombination({ left, middle, right }: SecondDifferences, w: Float64Array, u: Float64Array): void {
  for (let j = 0; j < w.length; j++) {
    u[j] += left[j] * w[j]
    u[j + 1] += middle[j] * w[j]
    u[j + 2] += right[j] * w[j]
  }
}

/** roughness·R + smoothing·QᵀQ */
function normalMatrix(
  knots: Float64Array,
  { left, middle, right }: SecondDifferences,
  roughness: number,
  smoothing: number
): Pentadiagonal {
  return {
    diagonal: left.map((_, j) => {
      const squares = left[j] ** 2 + middle[j] ** 2 + right[j] ** 2
      return (roughness * (knots[j + 2] - knots[j])) / 3 + smoothing * squares
    }),
    first: left.map((_, j) => {
      if (j + 1 === left.length) return 0
      const products = middle[j] * left[j + 1] + right[j] * middle[j + 1]
      return (roughness * (knots[j + 2] - knots[j + 1])) / 6 + smoothing * products
    }),
    second: left.map((_, j) => (j + 2 < left.length ? smoothing * right[j] * left[j + 2] : 0))
  }
}

/** Writes u and v of g(z) = u·g(x) + v·γ into zeroed arrays: u per knot, v per inner knot (γ is 0 at both ends). */
function evaluate(knots: Float64Array, z: number, u: Float64Array, v: Float64Array): void {
  const last = knots.length - 1
  const i = Math.min(interval(knots, z), last - 1)
  const h = knots[i + 1] - knots[i]
  const a = (knots[i + 1] - z) / h
  const b = 1 - a
  u[i] = a
  u[i + 1] = b
  // The line through an end has the slope of the cubic there: its γ at the end is 0, that one knot inwards bends it.
  if (z < knots[0]) {
    addInner(v, 1, (-b * h * h) / 6)
  } else if (z > knots[last]) {
    addInner(v, last - 1, (-a * h * h) / 6)
  } else {
    addInner(v, i, ((a ** 3 - a) * h * h) / 6)
    addInner(v, i + 1, ((b ** 3 - b) * h * h) / 6)
  }
}

function addInner(v: Float64Array, knot: number, value: number): void {
  if (knot > 0 && knot <= v.length) v[knot - 1] += value
}

/** The index of the last knot at or left of z; 0 where there is none. */
function interval(knots: Float64Array, z: number): number {
  let low = 0
  let high = knots.length
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (knots[middle] <= z) low = middle
    else high = middle
  }
  return low
}
