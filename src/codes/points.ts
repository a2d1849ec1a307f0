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

/**
 * Where the coded queries of a curve sit. `paper`: at the Chebyshev points of the papers (chords: evenly). `systematic`: the first K on the
 * queries, so that they are the queries themselves, and the other N−K between them.
 */
export type Layout = 'paper' | 'systematic'

/** Where the queries (α, k of them, descending) and the coded queries (β, n of them, all different) sit on the curves. */
export interface CodingPoints {
  alpha: Float64Array
  /** In `paper` layout descending. In `systematic` layout α, then the parity points, descending. */
  beta: Float64Array
}

/** The points of a code in one of its layouts; `systematic` needs n ≥ k. */
export function codingPoints(k: number, n: number, layout: Layout = 'paper'): CodingPoints {
  return layout === 'paper' ? paperPoints(k, n) : systematicPoints(k, n)
}

/**
 * Where a β is in truth an α, it is made exactly the same number, although the two cosines may round differently:
 * interpolation then meets its data point, with no division by almost zero.
 */
function paperPoints(k: number, n: number): CodingPoints {
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

/**
 * In units of π/K the queries sit at the angles j + ½ of the half circle from 0 to K. They leave K−1 gaps of width 1, and
 * half of one at each end, where a coded query is nearly a copy of the end query. The N−K parity points are dealt to the gaps by
 * width, and spread evenly within each, so none can coincide with a query. Chebyshev points would, and a coded query on
 * a query is only a replica; where they do not, these are about the same: N = 3K gives those of the first kind for 2K.
 *
 * Dealing gaps and ends alike, or spreading points to (i+1)/(m+1) of a gap, away from the queries, was up to a tenth worse
 * in squared error on lost queries (a random network, (k, n) from (8, 16) to (20, 60), splines and covariance decoder).
 */
function systematicPoints(k: number, n: number): CodingPoints {
  const alpha = chebyshevFirst(k)
  const parity = parityAngles(k, n).map(angle => Math.cos((angle * Math.PI) / k))
  return { alpha, beta: Float64Array.of(...alpha, ...parity) }
}

/** The N−K angles of the parity points, ascending, in units in which query j is at j + ½. */
export function parityAngles(k: number, n: number): number[] {
  const parity = n - k
  const counts = new Array<number>(k + 1).fill(0)
  for (let i = 0; i < parity; i++) counts[gapOf(k, parity, i)]++
  return counts.flatMap((count, gap) =>
    Array.from({ length: count }, (_, i) => {
      const share = (i + 0.5) / count
      if (gap === 0) return share / 2
      return gap - 0.5 + (gap === k ? share / 2 : share)
    })
  )
}

// Gap g ends at the angle g + ½. Of evenly spread angles K(2i+1)/2P, those on a query go to the gap nearer to the end, which
// leaves no end without: a test in whole numbers.
function gapOf(k: number, parity: number, i: number): number {
  const numerator = k * (2 * i + 1) + parity
  const gap = Math.floor(numerator / (2 * parity))
  const onQuery = numerator % (2 * parity) === 0
  return onQuery && 2 * i < parity ? gap - 1 : gap
}

/**
 * The matrix of a curve through points in any order, by a function that wants them ascending: columns are those of
 * `points`, as they were given.
 */
export function throughPoints(
  points: Float64Array,
  ascendingMatrix: (points: Float64Array) => Float64Array
): Float64Array {
  const order = [...points.keys()].sort((a, b) => points[a] - points[b])
  const sorted = ascendingMatrix(Float64Array.from(order, i => points[i]))
  const width = points.length
  const matrix = new Float64Array(sorted.length)
  for (let row = 0; row < matrix.length; row += width) {
    for (let c = 0; c < width; c++) matrix[row + order[c]] = sorted[row + c]
  }
  return matrix
}
