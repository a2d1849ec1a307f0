import type { OutcomesOf } from './outcome.ts'
import { describedLosses, spares } from './spares.ts'
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

/** A model that answers several queries in one run, which costs what one of the deployed model does. */
export interface DescriptionFacts {
  /** How likely its class is the model's own, mean. */
  agreement: number
  /** ‖p − f‖² of its answers, as `mse` of a forecast. */
  error: number
  /** Queries that share a run. */
  together: number
  /** How many queries it was learned on. */
  queries: number
}

/** What helps beside copies: one of them, or both. */
export interface SideFacts {
  student?: StudentFacts
  description?: DescriptionFacts
}

/** What is said of a query, and how good that is. */
interface Said {
  agreement: number
  mse: number
}

/**
 * Copies and descriptions that go where most is to be gained, in a group whose queries are as hard for the student as those of a typical
 * one; what no worker answers is the student's, or lost where there is none.
 *
 * @param planned stragglers that the spare workers are placed for
 */
export function sideOutcomes(
  { k, n }: { k: number; n: number },
  { student, description }: SideFacts,
  { workers, planned }: { workers: number; planned: number }
): OutcomesOf {
  const known = Array.from({ length: k }, (_, q) => student && typical(student, (q + 0.5) / k))
  const facts = {
    losses: known.map(own => 1 - (own?.agreement ?? 0)),
    description: description && { loss: 1 - description.agreement, together: description.together }
  }
  const described = describedLosses(facts).map((loss, q) => {
    return description && { agreement: 1 - loss, mse: Math.min(description.error, known[q]?.mse ?? Infinity) }
  })
  const fleet = { workers: n, stragglers: { count: Math.max(1, planned) } }
  const asked = spares({ ...facts, count: n - k, fleet })
  const tasksOf = (role: 'query' | 'description', query: number): number =>
    asked.filter(spare => spare.role === role && spare.queries.includes(query)).length
  const tasks = known.map((_, q) => {
    const copies = 1 + tasksOf('query', q)
    return { copies, all: copies + tasksOf('description', q) }
  })
  return straggling => {
    const allStraggle = (count: number): number => {
      const draws = Math.min(count, workers)
      return drawn({ from: workers, marked: straggling, draws, hits: draws })
    }
    const rest = tasks.flatMap(({ copies, all }, q) => {
      const [noCopy, none] = [allStraggle(copies), allStraggle(all)]
      return [
        { share: noCopy - none, said: described[q] },
        { share: none, said: known[q] }
      ]
    })
    const missed = sum(rest.map(({ share }) => share))
    const lost = sum(rest.map(({ share, said }) => (said === undefined ? share : 0)))
    const complete = Math.max(0, 1 - lost)
    return [{ probability: 1, outcome: { exact: 1 - missed / k, lost: lost / k, ...given(rest), complete } }]
  }
}

/** What the student says of a query that is at this quantile of how sure it is. */
function typical({ agreements, error }: StudentFacts, quantile: number): Said {
  return { agreement: agreements[Math.floor(quantile * agreements.length)], mse: error }
}

/** What is said of queries without a result of their own, on the mean. */
function given(rest: ReadonlyArray<{ share: number; said: Said | undefined }>) {
  const parts = rest.flatMap(({ share, said }) => (said === undefined ? [] : [{ share, said }]))
  const share = sum(parts.map(part => part.share))
  const mean = (of: (said: Said) => number): number => sum(parts.map(part => part.share * of(part.said))) / share
  return share > 0 ? { reconstructed: { mse: mean(said => said.mse), agreement: mean(said => said.agreement) } } : {}
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
