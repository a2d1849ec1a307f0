import type { Survivors } from '../../src/codes/index.ts'
import { type Random, random, shuffled } from '../../src/simulation/index.ts'

/** Disjoint groups of `k` images, drawn from `size`. */
export function drawGroups(size: number, k: number, count: number, chance: Random): number[][] {
  if (count * k > size) throw new RangeError(`${count} groups of ${k} images are more than ${size} images`)
  const order = shuffled(Array(size).keys(), chance)
  return Array.from({ length: count }, (_, group) => order.slice(group * k, (group + 1) * k))
}

/** For each group `sets` survivor sets of `n`, all equally likely. */
export function drawSurvivors(
  n: number,
  stragglers: number,
  { groups, sets, seed, stream }: { groups: number; sets: number; seed: number; stream: number }
): Survivors[][] {
  // One stream per number of stragglers, so that leaving one out of the table does not change the others.
  const chance = random(seed, stream * 1000 + stragglers)
  return Array.from({ length: groups }, () =>
    Array.from({ length: sets }, () =>
      shuffled(Array(n).keys(), chance)
        .slice(stragglers)
        .sort((a, b) => a - b)
    )
  )
}

/** A standard normal number (Box and Muller). */
export function normal(chance: Random): number {
  return Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance())
}
