import type { Survivors } from './code.ts'
import { EmptySurvivorsError, GroupSizeError, InvalidSurvivorsError } from './errors.ts'

/** @throws {InvalidSurvivorsError} not strictly ascending, or not indices below `n` */
export function requireIndices(survivors: Survivors, n: number): void {
  let previous = -1
  for (const index of survivors) {
    if (!Number.isSafeInteger(index) || index < 0 || index >= n) {
      throw new InvalidSurvivorsError(`survivors are indices of coded queries, 0 to ${n - 1}; got ${index}`)
    }
    if (index <= previous) {
      throw new InvalidSurvivorsError(`survivors are ascending, each at most once; got ${index} after ${previous}`)
    }
    previous = index
  }
}

/**
 * @throws {EmptySurvivorsError} there is none
 * @throws {InvalidSurvivorsError} not strictly ascending, or not indices below `n`
 */
export function requireSurvivors(survivors: Survivors, n: number): void {
  if (survivors.length === 0) {
    throw new EmptySurvivorsError('no survivors: at least one result is needed to decode')
  }
  requireIndices(survivors, n)
}

/** @throws {GroupSizeError} not as many results as survivors */
export function requireResults(survivors: Survivors, results: readonly unknown[]): void {
  if (results.length !== survivors.length) {
    throw new GroupSizeError(`these survivors have ${survivors.length} results, got ${results.length}`)
  }
}
