import type { LinearCode, Survivors } from './code.ts'
import { InvalidCodeError } from './errors.ts'
import { requireCount } from './parameters.ts'
import { requireIndices, requireSurvivors } from './survivors.ts'

export interface ReplicationOptions {
  /** Number of queries in a group, K ≥ 1. */
  k: number
  /** Number of coded queries, N ≥ K. */
  n: number
}

/**
 * Replication: coded query i is query i mod K. A prediction is the result of the first copy that survives, handed on as it
 * came; copies are not averaged, for the same model on the same query answers the same.
 *
 * @throws {InvalidCodeError} k or n is not a whole number ≥ 1, or n < k
 */
export function replication({ k, n }: ReplicationOptions): LinearCode {
  requireCount('k', k)
  requireCount('n', n)
  if (n < k) {
    throw new InvalidCodeError(`replication sends every query at least once, so n is at least k = ${k}; got n = ${n}`)
  }
  return copies('replication', k, n)
}

/** The code in which coded query i is query i mod K. */
export function copies(name: string, k: number, n: number): LinearCode {
  const encodingMatrix = new Float64Array(n * k)
  for (let i = 0; i < n; i++) encodingMatrix[i * k + (i % k)] = 1

  return {
    name,
    k,
    n,
    systematic: true,
    encodingMatrix,
    decodingMatrix(survivors) {
      requireSurvivors(survivors, n)
      const matrix = new Float64Array(k * survivors.length)
      firstCopies(survivors, k).forEach((j, q) => {
        if (j !== undefined) matrix[q * survivors.length + j] = 1
      })
      return matrix
    },
    recoverable(survivors) {
      requireIndices(survivors, n)
      return firstCopies(survivors, k).map(j => j !== undefined)
    }
  }
}

/** For each query, which survivor (its position among them) is the first copy of it. */
function firstCopies(survivors: Survivors, k: number): (number | undefined)[] {
  const first = Array.from<undefined, number | undefined>({ length: k }, () => undefined)
  survivors.forEach((index, j) => {
    first[index % k] ??= j
  })
  return first
}
