import TinyQueue from 'tinyqueue'

/** The places of the `count` least of the first `length` costs, least first, equal ones in order of place. One pass. */
export function least(costs: Float64Array, length: number, count: number): number[] {
  if (count === 0) return []
  // Whole numbers: a difference of costs would be a new object for each comparison.
  const before = (a: number, b: number): number => (costs[a] === costs[b] ? a - b : costs[a] < costs[b] ? -1 : 1)
  const first = Array.from({ length: Math.min(count, length) }, (_, place) => place)
  // The best so far, the worst of them on top.
  const best = new TinyQueue<number>(first, (a, b) => before(b, a))
  const worst = (): number => costs[best.peek() ?? 0]
  for (let place = best.length, limit = worst(); place < length; place++) {
    if (costs[place] < limit) {
      best.pop()
      best.push(place)
      limit = worst()
    }
  }
  return best.data.sort(before)
}
