import type { LinearCode, Survivors } from './code.ts'
import { InvalidCodeError } from './errors.ts'
import { chebyshevColumns } from './lagrange.ts'
import { leastSquares, type Orthogonal, orthogonalise } from './orthogonal.ts'
import { requireTolerated } from './parameters.ts'
import { requireResults, requireSurvivors } from './survivors.ts'

export interface RationalLocation {
  /** A code that is a curve, such as {@link approxifer}. */
  code: LinearCode
  survivors: Survivors
  /** The outputs of one survivor each, in their order, of one length, finite. */
  results: readonly Float32Array[]
  /** How many results are taken to be wrong, E ≥ 0: as many are left out. */
  errors: number
}

/**
 * The locator of ApproxIFER. If the results of one class c were rational in β and at most E of them wrong, there would be
 * polynomials P of degree K+E−1 and Q of degree E, not zero, with
 *
 *     P(β_i) = y_c(β_i)·Q(β_i)     for every survivor i
 *
 * and Q would be 0 where y is wrong. They are fitted by least squares for each class, with the constant term of Q set to
 * 1. Each class votes for the E survivors with the smallest |Q(β_i)|; those with the most votes are wrong. It leaves out E
 * results whether or not anyone lies, and nobody where fewer than K+2E results came, which determine nothing.
 *
 * Source: Soleymani, Ali, Mahdavifar and Avestimehr, "ApproxIFER", 2022, algorithms 2 and 3; polynomials here in the
 * Chebyshev basis.
 *
 * @returns coded queries, those with the most votes first
 * @throws {InvalidCodeError} the code is no curve, or `errors` is not a whole number ≥ 0
 * @throws {EmptySurvivorsError} `survivors` is empty
 * @throws {InvalidSurvivorsError} not ascending, or not indices of coded queries
 * @throws {GroupSizeError} not as many results as survivors
 */
export function locateRational({ code, survivors, results, errors }: RationalLocation): number[] {
  const { points, k, n } = code
  if (points === undefined) throw new InvalidCodeError(`${code.name} is not a curve, which the rational locator needs`)
  requireTolerated('errors', errors)
  requireSurvivors(survivors, n)
  requireResults(survivors.length, results)
  if (errors === 0 || survivors.length < k + 2 * errors) return []

  const basis = chebyshevColumns(
    Float64Array.from(survivors, i => points.beta[i]),
    k + errors - 1
  )
  const basisOfP = orthogonalise(basis)
  const termsOfQ = basis.slice(1, errors + 1)
  const votes = new Uint32Array(survivors.length)
  for (let c = 0; c < results[0].length; c++) {
    const y = Float64Array.from(results, result => result[c])
    const sizes = denominator(basisOfP, termsOfQ, y).map(Math.abs)
    for (const j of smallest(sizes, errors)) votes[j]++
  }
  return smallest(
    Float64Array.from(votes, count => -count),
    errors
  ).map(j => survivors[j])
}

/** Q at the survivors: P(β) − y·(Q(β) − 1) = y in the least-squares sense. */
function denominator(basisOfP: Orthogonal, termsOfQ: readonly Float64Array[], y: Float64Array): Float64Array {
  const unknownQ = termsOfQ.map(term => term.map((value, j) => -y[j] * value))
  const q = leastSquares(orthogonalise(unknownQ, basisOfP), y).subarray(basisOfP.q.length)
  return y.map((_, j) => termsOfQ.reduce((sum, term, m) => sum + q[m] * term[j], 1))
}

/** The indices of the `count` smallest values, ascending by value; of equal values the first. */
function smallest(values: Float64Array, count: number): number[] {
  return [...values.keys()].sort((a, b) => values[a] - values[b] || a - b).slice(0, count)
}
