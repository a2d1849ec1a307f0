import { random, shuffled } from '../../src/chance/index.ts'
import { drawGroups, splitLearning } from './draws.ts'
import { type Group, makeGroups, type Ordering, ordered } from './groups.ts'
import type { Dataset } from './images.ts'
import type { Models } from './models.ts'
import type { Network } from './networks.ts'

/** What groups are for. Scores are of `test` groups; all that is learned or chosen comes from the other two. */
export interface Parts<T> {
  /** Images for learning: second moments are learned here. */
  calibration: T
  /** Other images for learning: what is not learned in closed form is chosen here. */
  tuning: T
  /** Test images. */
  test: T
}

/** Streams of the seed, for the images to learn on and those of the test. */
const STREAMS = { learning: 1, test: 2 }

/** Draws the groups of a network, `count` of them for the test. No image is in two parts. */
export async function drawParts(
  models: Models,
  { k, groups }: Pick<Network, 'k' | 'groups'>,
  { learning, test, models: { student } }: Dataset,
  { count, seed }: { count: number; seed: number }
): Promise<Parts<Group[]>> {
  const chance = { learning: random(seed, STREAMS.learning), test: random(seed, STREAMS.test) }
  const pools = splitLearning(learning.pixels.length, { k, ...groups }, chance.learning)
  const testPool = shuffled(Array(test.pixels.length).keys(), chance.test)
  const draws = {
    calibration: drawGroups(pools.calibration, { k, count: groups.calibration }, chance.learning),
    tuning: drawGroups(pools.tuning, { k, count: groups.tuning }, chance.learning),
    test: drawGroups(testPool, { k, count }, chance.test)
  }
  const answered = { student: student !== undefined }
  return {
    calibration: await makeGroups(models, learning, draws.calibration, answered),
    tuning: await makeGroups(models, learning, draws.tuning, answered),
    test: await makeGroups(models, test, draws.test, answered)
  }
}

export function inOrder({ calibration, tuning, test }: Parts<Group[]>, ordering: Ordering): Parts<Group[]> {
  const order = (groups: Group[]): Group[] => groups.map(group => ordered(group, ordering))
  return { calibration: order(calibration), tuning: order(tuning), test: order(test) }
}
