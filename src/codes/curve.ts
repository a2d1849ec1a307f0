import type { LinearCode, Survivors } from './code.ts'
import { requireCount, requireLayout } from './parameters.ts'
import { type CodingPoints, codingPoints, type Layout, throughPoints } from './points.ts'
import { requireIndices, requireSurvivors } from './survivors.ts'
import { unitColumn } from './unit-row.ts'

export interface CurveOptions {
  /** Number of queries in a group, K ≥ 1. */
  k: number
  /** Number of coded queries, N ≥ 1; in `systematic` layout N ≥ K. */
  n: number
  /** Where the coded queries sit; default `paper`. */
  layout?: Layout
}

/** What makes one curve code differ from another: matrices of a curve, with values at the points, read at `at`. */
export interface Curves {
  name: string
  /** The curve through the queries; `points` ascending. */
  encoding(points: Float64Array, at: Float64Array): Float64Array
  /** The curve through the results; `points` ascending. */
  decoding(points: Float64Array, at: Float64Array): Float64Array
  /** How many results the decoding curve needs; default 1. */
  enough?: number
  /** Where queries and coded queries sit; default {@link codingPoints}. */
  points?(k: number, n: number, layout: Layout): CodingPoints
}

/**
 * A code that is a pair of curves: one through the queries at α, read at β; one through the results at the surviving β,
 * read at α. In `systematic` layout a query whose own result survives is decoded by a unit row, however the curves
 * smooth.
 *
 * @throws {InvalidCodeError} k or n is not a whole number ≥ 1, or the layout is systematic and n < k
 */
export function curveCode({ k, n, layout = 'paper' }: CurveOptions, curves: Curves): LinearCode {
  requireCount('k', k)
  requireCount('n', n)
  requireLayout(layout, k, n)
  const { enough = 1 } = curves
  const points = (curves.points ?? codingPoints)(k, n, layout)
  const { alpha, beta } = points
  const systematic = layout === 'systematic'
  const encodingMatrix = throughPoints(alpha, ascending => curves.encoding(ascending, beta))
  if (systematic) for (let q = 0; q < k; q++) setUnitRow(encodingMatrix.subarray(q * k, (q + 1) * k), q)

  // The survivor, by its position among them, that sits on query q; −1 where there is none.
  const ownResult = (survivors: Survivors, q: number) => survivors.findIndex(i => beta[i] === alpha[q])

  return {
    name: curves.name,
    k,
    n,
    systematic: Array.from({ length: k }, (_, q) => q).every(q => q < n && unitColumn(encodingMatrix, k, q) === q),
    points,
    encodingMatrix,
    decodingMatrix(survivors) {
      requireSurvivors(survivors, n)
      const width = survivors.length
      const met = Float64Array.from(survivors, i => beta[i])
      const matrix =
        width >= enough
          ? throughPoints(met, ascending => curves.decoding(ascending, alpha))
          : new Float64Array(k * width)
      for (let q = 0; q < k; q++) {
        const own = systematic || width < enough ? ownResult(survivors, q) : -1
        if (own >= 0) setUnitRow(matrix.subarray(q * width, (q + 1) * width), own)
      }
      return matrix
    },
    recoverable(survivors) {
      requireIndices(survivors, n)
      const all = survivors.length >= enough
      return Array.from({ length: k }, (_, q) => all || ownResult(survivors, q) >= 0)
    }
  }
}

function setUnitRow(row: Float64Array, column: number): void {
  row.fill(0)
  row[column] = 1
}
