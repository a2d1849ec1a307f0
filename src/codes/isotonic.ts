/** An ascending map of numbers: straight between its points, constant beyond both ends. */
export interface MonotoneMap {
  /** Ascending. */
  from: readonly number[]
  /** Ascending, one for each. */
  to: readonly number[]
}

/**
 * The ascending map nearest to observations in squares (pool adjacent violators), each step of it as a point at its mean.
 *
 * Source: Barlow, Bartholomew, Bremner and Brunk, "Statistical Inference under Order Restrictions", 1972, §1.2.
 *
 * @param observations at least one
 * @param least observations behind each point, so that a few do not make one
 */
export function isotonicMap(observations: ReadonlyArray<{ from: number; to: number }>, least: number): MonotoneMap {
  const ascending = [...observations].sort((a, b) => a.from - b.from)
  const steps: Pool[] = []
  for (const { from, to } of ascending) {
    steps.push({ count: 1, from, to })
    while (steps.length > 1 && mean(steps[steps.length - 2]) >= mean(steps[steps.length - 1])) poolLast(steps)
  }
  const pools: Pool[] = []
  for (const step of steps) {
    pools.push(step)
    if (pools.length > 1 && pools[pools.length - 2].count < least) poolLast(pools)
  }
  if (pools.length > 1 && pools[pools.length - 1].count < least) poolLast(pools)
  return { from: pools.map(({ from, count }) => from / count), to: pools.map(mean) }
}

/** Where the map takes `value`. */
export function mapped({ from, to }: MonotoneMap, value: number): number {
  const next = from.findIndex(each => each >= value)
  if (next < 0) return to[to.length - 1]
  if (next === 0) return to[0]
  const share = (value - from[next - 1]) / (from[next] - from[next - 1])
  return to[next - 1] + share * (to[next] - to[next - 1])
}

/** Sums over observations. */
interface Pool {
  count: number
  from: number
  to: number
}

function mean({ to, count }: Pool): number {
  return to / count
}

/** Makes one of the last two. */
function poolLast(pools: Pool[]): void {
  const [last] = pools.splice(-1)
  const before = pools[pools.length - 1]
  pools[pools.length - 1] = {
    count: before.count + last.count,
    from: before.from + last.from,
    to: before.to + last.to
  }
}
