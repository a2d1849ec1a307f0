/** An ascending map of numbers: straight between its points, constant beyond both ends. */
export interface MonotoneMap {
  /** Ascending. */
  from: readonly number[]
  /** Ascending, one for each. */
  to: readonly number[]
}

/**
 * The ascending map nearest to observations in squares (pool adjacent violators), each step of it as a point at either end. A
 * single point in its middle would not do: between a step that reaches far and its neighbour the map would slope where nothing
 * that was observed does.
 *
 * Source: Barlow, Bartholomew, Bremner and Brunk, "Statistical Inference under Order Restrictions", 1972, §1.2.
 *
 * @param observations at least one
 * @param least observations behind each step, so that a few do not make one
 */
export function isotonicMap(observations: ReadonlyArray<{ from: number; to: number }>, least: number): MonotoneMap {
  const ascending = [...observations].sort((a, b) => a.from - b.from)
  const steps: Pool[] = []
  for (const { from, to } of ascending) {
    steps.push({ count: 1, from, until: from, to })
    while (steps.length > 1 && mean(steps[steps.length - 2]) >= mean(steps[steps.length - 1])) poolLast(steps)
  }
  const pools: Pool[] = []
  for (const step of steps) {
    pools.push(step)
    if (pools.length > 1 && pools[pools.length - 2].count < least) poolLast(pools)
  }
  if (pools.length > 1 && pools[pools.length - 1].count < least) poolLast(pools)
  const ends = pools.flatMap(pool => {
    const { from, until } = pool
    const to = mean(pool)
    return from === until
      ? [{ from, to }]
      : [
          { from, to },
          { from: until, to }
        ]
  })
  return { from: ends.map(({ from }) => from), to: ends.map(({ to }) => to) }
}

/** Where the map takes `value`. */
export function mapped({ from, to }: MonotoneMap, value: number): number {
  const next = from.findIndex(each => each >= value)
  if (next < 0) return to[to.length - 1]
  if (next === 0) return to[0]
  const share = (value - from[next - 1]) / (from[next] - from[next - 1])
  return to[next - 1] + share * (to[next] - to[next - 1])
}

/** Neighbouring observations. */
interface Pool {
  count: number
  /** The first and the last of what they map from. */
  from: number
  until: number
  /** The sum of what they map to. */
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
    from: before.from,
    until: last.until,
    to: before.to + last.to
  }
}
