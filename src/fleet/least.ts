import TinyQueue from 'tinyqueue'

/** The places of the `count` least of the first `length` costs, least first, equal ones in order of place. One pass. */
export function least(costs: Float64Array, length: number, count: number): number[] {
  const before = (a: number, b: number): number => costs[a] - costs[b] || a - b
  // The best so far, the worst of them on top.
  const best = new TinyQueue<number>([], (a, b) => before(b, a))
  let limit = Infinity
  for (let place = 0; place < length; place++) {
    if (best.length < count) {
      best.push(place)
    } else if (costs[place] < limit) {
      best.pop()
      best.push(place)
    } else {
      continue
    }
    const worst = best.peek()
    limit = best.length < count || worst === undefined ? Infinity : costs[worst]
  }
  return best.data.sort(before)
}
