import type { LinearCode } from './code.ts'
import { type CurveOptions, curveCode } from './curve.ts'

export type BerrutOptions = CurveOptions

/**
 * BACC: queries are the values of Berrut's rational interpolant at the Chebyshev points α, coded queries its values at β; the
 * decoder interpolates the results at the surviving β and reads that curve at α. Approximate for every survivor set.
 *
 * Source: Jahani-Nezhad and Maddah-Ali, "Berrut Approximated Coded Computing: Straggler Resistance Beyond Polynomial
 * Computing", 2022; signs counted over the survivors as in ApproxIFER.
 *
 * @throws {InvalidCodeError} k or n is not a whole number ≥ 1, or the layout is systematic and n < k
 */
export function berrut(options: BerrutOptions): LinearCode {
  return curveCode(options, { name: 'bacc', encoding: berrutMatrix, decoding: berrutMatrix })
}

/**
 * Berrut's first rational interpolant as a matrix A (at.length × points.length): with values y at the points x it is
 *
 *     r(z) = Σ_j A(z,j)·y_j,   A(z,j) = ((−1)^j / (z − x_j)) / Σ_m (−1)^m / (z − x_m)
 *
 * and a unit row where z is a point. With signs that alternate along the line it has no poles, so they are counted over the
 * points that are there, not over those of the whole code.
 *
 * Source: Berrut, "Rational functions for guaranteed and experimentally well-conditioned global interpolation", 1988.
 *
 * @param points x, strictly monotone
 */
export function berrutMatrix(points: Float64Array, at: Float64Array): Float64Array {
  const width = points.length
  const matrix = new Float64Array(at.length * width)
  at.forEach((z, i) => {
    const row = matrix.subarray(i * width, (i + 1) * width)
    const hit = points.indexOf(z)
    if (hit >= 0) {
      row[hit] = 1
      return
    }
    let total = 0
    for (let j = 0; j < width; j++) {
      row[j] = (j % 2 === 0 ? 1 : -1) / (z - points[j])
      total += row[j]
    }
    for (let j = 0; j < width; j++) row[j] /= total
  })
  return matrix
}
