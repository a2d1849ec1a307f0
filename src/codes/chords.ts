import type { LinearCode } from './code.ts'
import { type CurveOptions, curveCode } from './curve.ts'
import { InvalidCodeError } from './errors.ts'
import { requireCount } from './parameters.ts'
import { type CodingPoints, type Layout, parityAngles } from './points.ts'
import { polygonMatrix } from './polygon.ts'

/**
 * Coded queries on the straight chords between neighbouring queries: query j at the place j, and a coded query between the
 * places q and q+1 mixes these two by nearness. In `paper` layout coded queries are spread evenly, N/K to a query, i at
 * (i + ½)·K/N − ½; those beyond either end of the group are its end query. In `systematic` layout the queries
 * themselves come first, and the others sit as those of the systematic splines do.
 *
 * On a spline a coded query also subtracts queries further off, which shows a classifier something less like an image: on
 * chords, the covariance decoder errs a tenth less for LeNet5 on MNIST (docs/reproduce.md). Their own decoder is the
 * polygon through the results that arrived.
 *
 * @throws {InvalidCodeError} k or n is not a whole number ≥ 1, or n < k
 */
export function chords(options: CurveOptions): LinearCode {
  const { k, n } = options
  requireCount('k', k)
  requireCount('n', n)
  if (n < k) {
    throw new InvalidCodeError(`chords send a coded query near each query, so n is at least k = ${k}; got n = ${n}`)
  }
  // Several coded queries may be one query: what is fitted to points that differ must not be given these.
  const { points: _, ...code } = curveCode(options, {
    name: 'chords',
    encoding: polygonMatrix,
    decoding: polygonMatrix,
    points: places
  })
  return code
}

function places(k: number, n: number, layout: Layout): CodingPoints {
  const alpha = Float64Array.from({ length: k }, (_, j) => j)
  const within = (place: number): number => Math.min(Math.max(place, 0), k - 1)
  if (layout === 'systematic') {
    return { alpha, beta: Float64Array.of(...alpha, ...parityAngles(k, n).map(angle => within(angle - 0.5))) }
  }
  // One division of whole numbers, so that a place on a query is exactly that query's.
  return { alpha, beta: Float64Array.from({ length: n }, (_, i) => within(((2 * i + 1) * k - n) / (2 * n))) }
}
