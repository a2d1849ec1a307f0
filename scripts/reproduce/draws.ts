import { type Random, random, shuffled } from '../../src/chance/index.ts'
import type { Survivors } from '../../src/codes/index.ts'

/**
 * Groups of `k` images of a pool that is in an order by chance. As long as the pool lasts no image is in two groups; then it is
 * shuffled anew, and images recur among others.
 */
export function drawGroups(
  pool: readonly number[],
  { k, count }: { k: number; count: number },
  chance: Random
): number[][] {
  if (k > pool.length) throw new RangeError(`a group of ${k} images is more than ${pool.length} images`)
  let left = pool
  return Array.from({ length: count }, () => {
    if (left.length < k) left = shuffled(pool, chance)
    const group = left.slice(0, k)
    left = left.slice(k)
    return group
  })
}

/**
 * The images to calibrate on and those to choose on, none of them in both: the first as many as its groups need, the second the
 * rest; or, where there are fewer, in the proportion of their groups.
 */
export function splitLearning(
  size: number,
  { k, calibration, tuning }: { k: number; calibration: number; tuning: number },
  chance: Random
): { calibration: number[]; tuning: number[] } {
  const order = shuffled(Array(size).keys(), chance)
  const share = Math.floor((size * calibration) / (calibration + tuning))
  const border = Math.min(calibration * k, share)
  return { calibration: order.slice(0, border), tuning: order.slice(border) }
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
