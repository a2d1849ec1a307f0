import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

/** A source of chance: each call gives the next number in [0, 1). */
export type Random = () => number

/** A seeded source: the same seed and stream give the same numbers on every machine. */
export function random(seed: number, stream = 0): Random {
  const generator = xoroshiro128plus(Math.imul(seed, 0x9e3779b1) ^ stream)
  return () => uniformFloat64(generator)
}
