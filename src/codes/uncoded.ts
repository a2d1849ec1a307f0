import type { LinearCode } from './code.ts'
import { requireCount } from './parameters.ts'
import { copies } from './replication.ts'

export interface UncodedOptions {
  /** Number of queries in a group, K ≥ 1; as many are sent. */
  k: number
}

/**
 * No code: each query goes to one worker, E is the identity, and a query whose worker is silent has no prediction.
 *
 * @throws {InvalidCodeError} k is not a whole number ≥ 1
 */
export function uncoded({ k }: UncodedOptions): LinearCode {
  requireCount('k', k)
  return copies('uncoded', k, k)
}
