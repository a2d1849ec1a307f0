import type { Survivors } from '../../src/codes/index.ts'
import { type Random, random } from '../../src/simulation/index.ts'

/** The whole numbers below `size`, shuffled (Fisher and Yates). */
export function shuffled(size: number, chance: Random): number[] {
  const items = Array.from({ length: size }, (_, i) => i)
  for (let i = size - 1; i > 0; i--) {
    const j = Math.floor(chance() * (i + 1))
    const item = items[i]
    items[i] = items[j]
    items[j] = item
  }
  return items
}

/** Disjoint groups of `k` images, drawn from `size`. */
export function drawGroups(size: number, k: number, count: number, chance: Random): number[][] {
  if (count * k > size) throw new RangeError(`${count} groups of ${k} images are more than ${size} images`)
  const order = shuffled(size, chance)
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
      shuffled(n, chance)
        .slice(stragglers)
        .sort((a, b) => a - b)
    )
  )
}

/** A standard normal number (Box and Muller). */
export function normal(chance: Random): number {
  return Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance())
}
