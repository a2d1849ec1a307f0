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

/** @throws {GroupSizeError} not `count` results, that of each survivor and the side results */
export function requireResults(count: number, results: readonly unknown[]): void {
  if (results.length !== count) {
    throw new GroupSizeError(`these survivors, and side results if any, are ${count} results; got ${results.length}`)
  }
}
