import type { LinearCode } from './code.ts'
import { type CurveOptions, curveCode } from './curve.ts'
import { InvalidCodeError } from './errors.ts'
import { orthogonalise, shortest } from './orthogonal.ts'
import { requireCount } from './parameters.ts'

export interface LagrangeOptions extends CurveOptions {
  /** d ≥ 1: the model is a polynomial of this degree in its inputs. Default 1, an affine model. */
  degree?: number
}

/**
 * Lagrange coded computing: queries are the values at α of a polynomial of degree K−1, coded queries its values at β. For a
 * model f that is a polynomial of degree d, its results lie on a polynomial of degree (K−1)d; any (K−1)d + 1 results give
 * it, and the predictions with it, exactly. For other models nothing is promised, and rows of D grow exponentially in K: for
 * (k, n) = (20, 100) and 40 survivors their norm is 2e6 in the median, which the norm cap of the decoder turns into the plain
 * mean.
 *
 * Results beyond (K−1)d + 1 are used too: of all rows that are exact for such polynomials, D has the shortest, that is,
 * the least-squares fit.
 *
 * Source: Yu, Li, Raviv, Kalan, Soltanolkotabi and Avestimehr, "Lagrange Coded Computing: Optimal Design for Resiliency,
 * Security, and Privacy", 2019.
 *
 * @throws {InvalidCodeError} k, n or degree is not a whole number ≥ 1, or n < max(k, (k−1)·degree + 1)
 */
export function lagrange({ degree = 1, ...options }: LagrangeOptions): LinearCode {
  const { k, n } = options
  requireCount('k', k)
  requireCount('n', n)
  requireCount('degree', degree)
  const enough = lagrangeThreshold(k, degree)
  if (n < enough) {
    throw new InvalidCodeError(
      `a Lagrange code of k = ${k} for polynomials of degree ${degree} needs ${enough} results, so n is at least that; got n = ${n}`
    )
  }
  return curveCode(options, {
    name: 'lagrange',
    encoding: (points, at) => polynomialMatrix(points, at, k - 1),
    decoding: (points, at) => polynomialMatrix(points, at, enough - 1),
    enough
  })
}

/** (K−1)·d + 1, the number of results that decode a group of k exactly. */
export function lagrangeThreshold(k: number, degree = 1): number {
  return (k - 1) * degree + 1
}

/**
 * The least-squares polynomial of a degree as a matrix A (at.length × points.length): with values y at the points,
 * p(z) = Σ_j A(z,j)·y_j, and a unit row where z is a point that the polynomial meets. In the basis of Chebyshev polynomials,
 * with V[j, m] = T_m(x_j), the row of z is the shortest a with Vᵀ·a = T(z).
 *
 * @param points x, all different, in [−1, 1], more than `degree` of them
 */
export function polynomialMatrix(points: Float64Array, at: Float64Array, degree: number): Float64Array {
  const width = points.length
  const basis = orthogonalise(chebyshevColumns(points, degree))
  const atBasis = chebyshevColumns(at, degree)
  const matrix = new Float64Array(at.length * width)
  at.forEach((z, i) => {
    const hit = width === degree + 1 ? points.indexOf(z) : -1
    if (hit >= 0) matrix[i * width + hit] = 1
    else
      matrix.set(
        shortest(
          basis,
          Float64Array.from(atBasis, column => column[i])
        ),
        i * width
      )
  })
  return matrix
}

/** T_0 … T_degree at the points, one column each: T_m(x) = 2x·T_{m−1}(x) − T_{m−2}(x). */
export function chebyshevColumns(points: Float64Array, degree: number): Float64Array[] {
  const columns = [points.map(() => 1), points.slice()]
  for (let m = 2; m <= degree; m++) {
    columns.push(points.map((x, i) => 2 * x * columns[m - 1][i] - columns[m - 2][i]))
  }
  return columns.slice(0, degree + 1)
}
