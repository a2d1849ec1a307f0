import type { OutcomesOf } from './outcome.ts'
import { describedLosses, spares } from './spares.ts'
import { binomial, drawn } from './stragglers.ts'

/** A small model that the master runs on every query, by what was learned of it. */
export interface StudentFacts {
  /** How likely its class is the model's own: quantiles over queries, evenly apart, ascending. */
  agreements: readonly number[]
  /** What it costs to take its classes in place of the model's own, by the model's probabilities. @default 1 wherever they differ */
  regret?: number
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
  /** What it costs to take its classes in place of the model's own, by the model's probabilities. @default 1 wherever they differ */
  regret?: number
  /** ‖p − f‖² of its answers, as `mse` of a forecast. */
  error: number
  /** Queries that share a run. */
  together: number
  /** How many queries it was learned on. */
  queries: number
}

/** A further output of the model, which speaks before its last layers have run. */
export interface ExitFacts extends Pick<StudentFacts, 'agreements' | 'regret' | 'error'> {
  /** How likely a worker that straggles gets as far in time. */
  reached: number
}

export interface ExitsFacts {
  /** The earliest first. */
  exits: readonly ExitFacts[]
  /** How many queries they were learned on. */
  queries: number
}

/** What helps beside copies, one of them at least. */
export interface SideFacts {
  student?: StudentFacts
  description?: DescriptionFacts
  exits?: ExitsFacts
}

/** What is said of a query, and how good that is. */
interface Said {
  agreement: number
  regret: number
  mse: number
}

/** What is said, or nothing, of so many queries of a group. */
interface Part {
  share: number
  said: Said | undefined
}

/**
 * Copies and descriptions that go where most is to be gained, in a group whose hardest query for the student is as hard as the hardest of
 * so many mostly is, and so on; what no worker answers is what an exit said or the student's, whichever is surer, or lost where there is neither.
 *
 * @param planned stragglers that the spare workers are placed for
 */
export function sideOutcomes(
  { k, n }: { k: number; n: number },
  { student, description, exits }: SideFacts,
  { workers, planned }: { workers: number; planned: number }
): OutcomesOf {
  const known: Array<Said | undefined> = student ? typicalGroup(student, k) : new Array(k).fill(undefined)
  const facts = {
    losses: known.map(own => 1 - (own?.agreement ?? 0)),
    description: description && { loss: 1 - description.agreement, together: description.together }
  }
  const described = describedLosses(facts).map((loss, q): Said | undefined => {
    return (
      description && {
        agreement: 1 - loss,
        regret: loss * priceOf(description.regret, 1 - description.agreement),
        mse: Math.min(description.error, known[q]?.mse ?? Infinity)
      }
    )
  })
  const early = (exits?.exits ?? []).map(exit => ({ reached: exit.reached, said: typicalGroup(exit, k) }))
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
      const told = early.map(({ reached, said }) => ({ reached, said: said[q] }))
      return [
        { share: noCopy - none, said: described[q] },
        { share: none, said: known[q] }
      ].flatMap(part => heard(part, told, Math.min(copies, workers)))
    })
    const missed = sum(rest.map(({ share }) => share))
    const lost = sum(rest.map(({ share, said }) => (said === undefined ? share : 0)))
    const complete = Math.max(0, 1 - lost)
    return [{ probability: 1, outcome: { exact: 1 - missed / k, lost: lost / k, ...given(rest), complete } }]
  }
}

/**
 * What is said of a query whose c copies are all at stragglers: by the last exit that one of them got to, unless what is said of it
 * besides is surer. How far one gets has nothing to do with the others: nobody is beyond exit e with probability
 *
 *     (1 − r_{e+1})^c
 *
 * where r is `reached`.
 */
function heard({ share, said }: Part, told: ReadonlyArray<{ reached: number; said: Said }>, copies: number): Part[] {
  const notBeyond = [...told.map(({ reached }) => (1 - reached) ** copies), 1]
  return notBeyond.map((probability, e) => ({
    share: share * (probability - (notBeyond[e - 1] ?? 0)),
    said: surer(told[e - 1]?.said, said)
  }))
}

function surer(one: Said | undefined, other: Said | undefined): Said | undefined {
  return (one?.agreement ?? -1) > (other?.agreement ?? -1) ? one : other
}

/**
 * What the student, or an exit, says of the k queries of a group, from the one it is least sure of: the means of order statistics. The rank-th
 * of k numbers drawn from [0, 1] is below x where more than `rank` of them are, and the quantiles are evenly apart.
 */
function typicalGroup({ agreements, regret, error }: Omit<ExitFacts, 'reached'>, k: number): Said[] {
  const price = priceOf(regret, 1 - sum(agreements) / agreements.length)
  const below = Array.from({ length: agreements.length + 1 }, (_, i) =>
    Array.from({ length: k + 1 }, (_, drawn) => binomial(k, i / agreements.length, drawn))
  )
  return Array.from({ length: k }, (_, rank) => {
    const reached = below.map(counts => sum(counts.slice(rank + 1)))
    const agreement = sum(agreements.map((each, i) => each * (reached[i + 1] - reached[i])))
    return { agreement, regret: (1 - agreement) * price, mse: error }
  })
}

/**
 * The regret of an answer that is not the model's. It is much the same for easy queries and hard ones, but not for a student and
 * a description: who knows more differs from the model where the model is not sure itself.
 */
function priceOf(regret: number | undefined, disagreement: number): number {
  return regret === undefined || disagreement === 0 ? 1 : Math.min(1, regret / disagreement)
}

/** What is said of queries without a result of their own, on the mean. */
function given(rest: readonly Part[]) {
  const parts = rest.flatMap(({ share, said }) => (said === undefined ? [] : [{ share, said }]))
  const share = sum(parts.map(part => part.share))
  const mean = (of: (said: Said) => number): number => sum(parts.map(part => part.share * of(part.said))) / share
  if (share === 0) return {}
  const [mse, agreement, regret] = [mean(said => said.mse), mean(said => said.agreement), mean(said => said.regret)]
  return { reconstructed: { mse, agreement, regret } }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
