import type { OutcomesOf } from './outcome.ts'
import { spares } from './spares.ts'
import { drawn } from './stragglers.ts'

/** A small model that the master runs on every query, by what was learned of it. */
export interface StudentFacts {
  /** How likely its class is the model's own: quantiles over queries, evenly apart, ascending. */
  agreements: readonly number[]
  /** ‖p − f‖² of its answers, as `mse` of a forecast. */
  error: number
  /** Runs of the model that it costs on a query. */
  cost: number
  /** How many queries it was learned on. */
  queries: number
}

/**
 * Copies that go where the student is least sure, in a group whose queries are as hard as those of a typical one; what no
 * worker answers is the student's.
 *
 * @param planned stragglers that the spare workers are placed for
 */
export function studentOutcomes(
  { k, n }: { k: number; n: number },
  { agreements, error }: StudentFacts,
  { workers, planned }: { workers: number; planned: number }
): OutcomesOf {
  const agreement = Array.from({ length: k }, (_, q) => agreements[Math.floor(((q + 0.5) * agreements.length) / k)])
  const copies = agreement.map(() => 1)
  const fleet = { workers: n, stragglers: { count: Math.max(1, planned) } }
  for (const { queries } of spares({ losses: agreement.map(each => 1 - each), count: n - k, fleet })) {
    for (const query of queries) copies[query]++
  }
  return straggling => {
    const missed = copies.map(each => {
      const draws = Math.min(each, workers)
      return drawn({ from: workers, marked: straggling, draws, hits: draws })
    })
    const share = missed.reduce((sum, each) => sum + each, 0)
    const agrees = missed.reduce((sum, each, q) => sum + each * agreement[q], 0) / share
    const reconstructed = share > 0 ? { mse: error, agreement: agrees } : undefined
    return [{ probability: 1, outcome: { exact: 1 - share / k, lost: 0, reconstructed, complete: 1 } }]
  }
}
