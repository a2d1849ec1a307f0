import type { LinearCode, Survivors } from './code.ts'
import { InvalidCodeError } from './errors.ts'
import { orthogonalise, shortest } from './orthogonal.ts'
import { requireCount } from './parameters.ts'
import { requireIndices, requireSurvivors } from './survivors.ts'

export interface ParmOptions {
  /** Number of queries in a group, K ≥ 1. */
  k: number
  /** Number of coded queries, N ≥ K: the queries, then N − K parity queries; see {@link mostParities}. */
  n: number
}

/** With more parity queries their equations are so alike that the errors of parity models grow beyond use. */
const MOST_PARITIES = 4

/** How many parity queries a group of `k` can have: no more than copies would take, and none for a single query. */
export function mostParities(k: number): number {
  return k === 1 ? 0 : Math.min(k, MOST_PARITIES)
}

/**
 * ParM: the queries themselves, then r = N − K parity queries, each for a parity model that was trained to give the same mixture of
 * the predictions. Parity query j (from 0) mixes query i (from 1) with weight i^j, and decoding solves for the predictions that
 * are missing:
 *
 *     x̃_{K+j} = Σ_i i^j·x_i / Σ_i i^j,    C_PM·f_M = y_P − C_PF·y_F
 *
 * with C the weights, P the parity queries that were answered, F the queries that were, M those that were not: by subtraction
 * for r = 1, in least squares where there are more answers than unknowns. The paper's sums are divided by the sum of their weights, so
 * that a parity query has the range of a query, and a model that is affine is its own parity model.
 *
 * Source: Kosaian, Rashmi and Venkataraman, Parity Models, SOSP 2019, §3.
 *
 * @throws {InvalidCodeError} k or n is not a whole number ≥ 1, n < k, or there are more parity queries than {@link mostParities}
 */
export function parm({ k, n }: ParmOptions): LinearCode {
  requireCount('k', k)
  requireCount('n', n)
  if (n < k || n > k + mostParities(k)) {
    throw new InvalidCodeError(
      `parm sends ${k} queries and up to ${mostParities(k)} parity queries, so n is from ${k} to ${k + mostParities(k)}; got n = ${n}`
    )
  }
  const encodingMatrix = new Float64Array(n * k)
  for (let q = 0; q < k; q++) encodingMatrix[q * k + q] = 1
  for (let i = k; i < n; i++) {
    const weights = Array.from({ length: k }, (_, q) => (q + 1) ** (i - k))
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    weights.forEach((weight, q) => {
      encodingMatrix[i * k + q] = weight / total
    })
  }
  const weight = (parity: number, q: number): number => encodingMatrix[parity * k + q]

  return {
    name: 'parm',
    k,
    n,
    systematic: true,
    encodingMatrix,
    decodingMatrix(survivors) {
      requireSurvivors(survivors, n)
      const width = survivors.length
      const matrix = new Float64Array(k * width)
      const { own, parities, missing } = split(survivors, k)
      own.forEach((q, j) => {
        matrix[q * width + j] = 1
      })
      if (missing.length > parities.length) return matrix
      const system = orthogonalise(missing.map(q => Float64Array.from(parities, i => weight(i, q))))
      missing.forEach((q, m) => {
        const row = matrix.subarray(q * width, (q + 1) * width)
        const shares = shortest(
          system,
          Float64Array.from(missing, (_, other) => Number(other === m))
        )
        row.set(shares, own.length)
        own.forEach((known, j) => {
          row[j] = -parities.reduce((sum, i, p) => sum + shares[p] * weight(i, known), 0)
        })
      })
      return matrix
    },
    recoverable(survivors) {
      requireIndices(survivors, n)
      const { own, parities, missing } = split(survivors, k)
      const all = missing.length <= parities.length
      return Array.from({ length: k }, (_, q) => all || own.includes(q))
    }
  }
}

/** The queries that were answered, the parity queries that were, and the queries that were not. */
function split(survivors: Survivors, k: number) {
  const own = survivors.filter(i => i < k)
  return {
    own,
    parities: survivors.filter(i => i >= k),
    missing: Array.from({ length: k }, (_, q) => q).filter(q => !own.includes(q))
  }
}
