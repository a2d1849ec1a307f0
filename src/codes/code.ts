import type { CodingPoints } from './points.ts'

/** Ascending indices of the coded queries whose results arrived. */
export type Survivors = readonly number[]

/**
 * A linear code: how K queries become N coded queries, and how the results of any survivors become K predictions.
 * Matrices are row-major `Float64Array`s, fresh or never to be written by the caller, and pure: numerical guards are options of
 * the decoder.
 */
export interface LinearCode {
  /** The name in the registry. */
  readonly name: string
  /** Number of queries in a group, K ≥ 1. */
  readonly k: number
  /** Number of coded queries, N. */
  readonly n: number
  /** The first K coded queries are the queries themselves. */
  readonly systematic: boolean
  /** Where its queries and coded queries sit, for a code that is a smooth curve through them; absent for the others. */
  readonly points?: CodingPoints
  /** E (n×k): coded query i is Σ_q E[i,q]·query q. */
  readonly encodingMatrix: Float64Array
  /**
   * D (k×survivors.length): prediction q is Σ_j D[q,j]·result of survivor j. The row of a query that cannot be
   * recovered is zeros.
   *
   * @throws {EmptySurvivorsError} `survivors` is empty
   * @throws {InvalidSurvivorsError} not ascending, or not indices of coded queries
   */
  decodingMatrix(survivors: Survivors): Float64Array
  /** For each query: can it be recovered from these survivors? All `false` for an empty set. */
  recoverable(survivors: Survivors): boolean[]
}
