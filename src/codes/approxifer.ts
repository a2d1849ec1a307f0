import { berrut } from './berrut.ts'
import type { LinearCode } from './code.ts'
import type { CurveOptions } from './curve.ts'
import { requireCount, requireTolerated } from './parameters.ts'

/**
 * ApproxIFER: the matrices of BACC, with a locator for wrong results ({@link locateRational}) before they are decoded.
 *
 * Source: Soleymani, Ali, Mahdavifar and Avestimehr, "ApproxIFER: A Model-Agnostic Approach to Resilient and Robust
 * Prediction Serving Systems", 2022.
 *
 * @throws {InvalidCodeError} k or n is not a whole number ≥ 1
 */
export function approxifer({ k, n }: Omit<CurveOptions, 'layout'>): LinearCode {
  return { ...berrut({ k, n }), name: 'approxifer' }
}

export interface ApproxiferDemand {
  /** Number of queries in a group, K ≥ 1. */
  k: number
  /** S ≥ 0, how many workers may straggle. */
  stragglers: number
  /** E ≥ 0, how many results may be wrong; default 0. */
  errors?: number
}

/**
 * How many coded queries ApproxIFER sends: N = K + S where nobody lies, else N = 2(K + E) + S. (The paper numbers its
 * workers from 0 to N, so its N is one less.)
 *
 * @throws {InvalidCodeError} k is not a whole number ≥ 1, or stragglers or errors not ≥ 0
 */
export function approxiferCodedQueries({ k, stragglers, errors = 0 }: ApproxiferDemand): number {
  requireCount('k', k)
  requireTolerated('stragglers', stragglers)
  requireTolerated('errors', errors)
  return errors === 0 ? k + stragglers : 2 * (k + errors) + stragglers
}
