import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

/** A source of chance: each call gives the next number in [0, 1). */
export type Random = () => number

/**
 * A seeded source: the same seed and stream give the same numbers on every machine.
 *
 * @param stream tells the sources of one seed apart, one for each peer say
 */
export function random(seed: number, stream = 0): Random {
  const generator = xoroshiro128plus(scramble(scramble(seed) + stream))
  return () => uniformFloat64(generator)
}

/** The items in an order by chance (Fisher and Yates). */
export function shuffled<T>(from: Iterable<T>, chance: Random): T[] {
  const items = [...from]
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(chance() * (i + 1))
    const item = items[i]
    items[i] = items[j]
    items[j] = item
  }
  return items
}

/** The finaliser of MurmurHash3: neighbouring numbers become unlike each other, and with them the streams of one seed. */
function scramble(value: number): number {
  let bits = value | 0
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return bits ^ (bits >>> 16)
}
