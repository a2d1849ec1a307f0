import { allStraggle, type FleetFacts } from './stragglers.ts'

/** A task for a spare worker: a further copy of a query, or several queries in one run of a description. */
export interface Spare {
  role: 'query' | 'description'
  queries: number[]
}

export interface SparesInit {
  /**
   * For each query, what its prediction is expected to lose if nothing of it arrives: what the student's answer loses, or a
   * guess. In any unit; an exact prediction loses nothing.
   */
  losses: readonly number[]
  /** How many spare workers there are, once a worker has each query. */
  count: number
  /** All workers of the group, and the stragglers that are expected among them. */
  fleet: FleetFacts
  /** What a description loses of a query on the mean, and how many queries it takes in one run. */
  description?: { loss: number; together: number }
}

interface Served {
  query: number
  loss: number
  described: number
  copies: number
  descriptions: number
}

/**
 * What a description is expected to lose of each query. Which queries are hard is the same for all who know less than the deployed
 * model: that of a description is in proportion to `losses`, and nowhere larger.
 */
export function describedLosses({
  losses,
  description
}: Pick<SparesInit, 'losses' | 'description'>): readonly number[] {
  const total = losses.reduce((sum, loss) => sum + loss, 0)
  if (description === undefined || total === 0) return losses
  const share = (description.loss * losses.length) / total
  return losses.map(loss => loss * Math.min(1, share))
}

/**
 * What spare workers are best asked for, the most useful first. With Q(j) = P(j given workers all straggle), a query with c
 * copies and d descriptions is expected to lose
 *
 *     Q(c + d)·loss + (Q(c) − Q(c + d))·loss of a description
 *
 * and each spare goes where this falls most: to one query as a copy, or to several as a description. Q is convex, so that for
 * copies alone no other choice is better. Queries that lose the same are served in turn, which is plain replication.
 */
export function spares(init: SparesInit): Spare[] {
  const { losses, count, fleet, description } = init
  const describedLoss = describedLosses(init)
  const lost = Array.from({ length: count + 2 }, (_, j) => allStraggle(j, fleet))
  const expected = ({ loss, described }: Served, copies: number, descriptions: number): number =>
    lost[copies + descriptions] * loss + (lost[copies] - lost[copies + descriptions]) * described
  const saved = (one: Served, copies: number, descriptions: number): number =>
    expected(one, one.copies, one.descriptions) - expected(one, one.copies + copies, one.descriptions + descriptions)
  const served = losses.map((loss, query): Served => {
    return { query, loss, described: describedLoss[query], copies: 1, descriptions: 0 }
  })
  return Array.from({ length: count }, () => {
    const copied = best(served, one => saved(one, 1, 0))
    const together = description && mostSaved(served, one => saved(one, 0, 1), description.together)
    if (together !== undefined && together.saved > saved(copied, 1, 0)) {
      for (const one of together.queries) one.descriptions++
      return { role: 'description', queries: together.queries.map(({ query }) => query) }
    }
    copied.copies++
    return { role: 'query', queries: [copied.query] }
  })
}

/** What a group is expected to lose in all when its spare workers are asked for this. */
export function expectedLoss(init: SparesInit, asked: readonly Spare[]): number {
  const { losses, fleet } = init
  const describedLoss = describedLosses(init)
  const tasksOf = (role: Spare['role'], query: number): number =>
    asked.filter(spare => spare.role === role && spare.queries.includes(query)).length
  return losses.reduce((sum, loss, query) => {
    const copies = 1 + tasksOf('query', query)
    const all = copies + tasksOf('description', query)
    const [none, noCopy] = [allStraggle(all, fleet), allStraggle(copies, fleet)]
    return sum + none * loss + (noCopy - none) * describedLoss[query]
  }, 0)
}

/** Of those that save most, one with the fewest copies. */
function best(served: readonly Served[], saved: (one: Served) => number): Served {
  return served.reduce((a, b) => {
    const [x, y] = [saved(a), saved(b)]
    return y > x || (y === x && b.copies < a.copies) ? b : a
  })
}

function mostSaved(
  served: readonly Served[],
  saved: (one: Served) => number,
  count: number
): { queries: Served[]; saved: number } {
  const queries = served.toSorted((a, b) => saved(b) - saved(a)).slice(0, count)
  return { queries, saved: queries.reduce((sum, one) => sum + saved(one), 0) }
}
