import { InvalidFleetError } from './errors.ts'

/** The workers of a fleet, and how many of them do not answer in time. */
export interface FleetFacts {
  workers: number
  stragglers: Stragglers
}

/** Either exactly so many, all workers equally likely; or each by itself with this probability. */
export type Stragglers = { count: number } | { share: number }

/** @throws {InvalidFleetError} no whole number of workers, or more stragglers than workers */
export function requireFleet({ workers, stragglers }: FleetFacts): void {
  if (!(Number.isSafeInteger(workers) && workers >= 1)) {
    throw new InvalidFleetError(`a fleet has a whole number of workers ≥ 1; got ${workers}`)
  }
  if ('share' in stragglers && !(stragglers.share >= 0 && stragglers.share <= 1)) {
    throw new InvalidFleetError(`the share of stragglers is from 0 to 1; got ${stragglers.share}`)
  }
  if ('count' in stragglers) {
    const { count } = stragglers
    if (!(Number.isSafeInteger(count) && count >= 0 && count <= workers)) {
      throw new InvalidFleetError(`stragglers are a whole number of the ${workers} workers; got ${count}`)
    }
  }
}

/** The mean share of workers that straggle. */
export function meanShare({ workers, stragglers }: FleetFacts): number {
  return 'share' in stragglers ? stragglers.share : stragglers.count / workers
}

/** P(d of the `asked` workers straggle) for d = 0 … asked: binomial for a share, hypergeometric for a count. */
export function stragglersAmong(asked: number, { workers, stragglers }: FleetFacts): number[] {
  return Array.from({ length: asked + 1 }, (_, d) =>
    'share' in stragglers
      ? binomial(asked, stragglers.share, d)
      : drawn({ from: workers, marked: stragglers.count, draws: asked, hits: d })
  )
}

/** P(these `given` workers all straggle): they are drawn among all workers. */
export function allStraggle(given: number, { workers, stragglers }: FleetFacts): number {
  return 'share' in stragglers
    ? stragglers.share ** given
    : drawn({
        from: workers,
        marked: stragglers.count,
        draws: Math.min(given, workers),
        hits: Math.min(given, workers)
      })
}

/** P(`hits` of n independent events of probability p). */
export function binomial(n: number, p: number, hits: number): number {
  // 0·log 0 is NaN, and p is 0 or 1 where nobody or everybody straggles.
  if (p === 0 || p === 1) return hits === n * p ? 1 : 0
  return Math.exp(logChoose(n, hits) + hits * Math.log(p) + (n - hits) * Math.log1p(-p))
}

/**
 * P(`hits` marked ones are among `draws` drawn without putting back `from` so many, `marked` of them marked): the
 * hypergeometric distribution.
 */
export function drawn({ from, marked, draws, hits }: Record<'from' | 'marked' | 'draws' | 'hits', number>): number {
  if (hits < 0 || hits > marked || draws - hits < 0 || draws - hits > from - marked) return 0
  return Math.exp(logChoose(marked, hits) + logChoose(from - marked, draws - hits) - logChoose(from, draws))
}

/** C(n, k), 0 ≤ k ≤ n. */
export function chooseOf(n: number, k: number): number {
  return Math.exp(logChoose(n, k))
}

function logChoose(n: number, k: number): number {
  let sum = 0
  for (let i = 1; i <= Math.min(k, n - k); i++) sum += Math.log((n + 1 - i) / i)
  return sum
}
