import type { LinearCode, Survivors } from '../../src/codes/index.ts'
import type { CodedGroup, Decode } from './decoders.ts'
import { type Group, ownAccuracy } from './groups.ts'
import type { Network } from './network.ts'
import { type Score, scoreGroup, summarise, type Trial } from './score.ts'

/** What groups are for. Scores are of `test` groups; all that is learned or chosen comes from the other two. */
export interface Parts<T> {
  /** Training images: second moments are learned here. */
  calibration: T
  /** Other training images: what is not learned in closed form is chosen here. */
  tuning: T
  /** Test images. */
  test: T
}

/** Survivor sets by number of stragglers, then by group: the same for every method, so that methods compare in pairs. */
export type SurvivorSets = ReadonlyMap<number, Survivors[][]>

/** Groups in one order, and the results of every code that was tried on them. */
export class Course {
  readonly #network: Pick<Network, 'coded'>
  readonly #groups: Parts<Group[]>
  readonly #survivors: Omit<Parts<SurvivorSets>, 'calibration'>
  readonly #coded = new Map<string, CodedGroup[]>()

  constructor(
    network: Pick<Network, 'coded'>,
    groups: Parts<Group[]>,
    survivors: Omit<Parts<SurvivorSets>, 'calibration'>
  ) {
    this.#network = network
    this.#groups = groups
    this.#survivors = survivors
  }

  /** The groups of a part, coded. `encoder` names the encoding matrix: codes that differ in their decoders share it. */
  async coded(encoder: string, code: LinearCode, part: keyof Parts<unknown>): Promise<CodedGroup[]> {
    const key = `${part} ${encoder}`
    const known = this.#coded.get(key)
    if (known !== undefined) return known
    const groups = this.#groups[part]
    const images = groups.map(group => group.images)
    const results = await this.#network.coded('lenet5', code, images)
    const coded = groups.map((group, i) => ({ group, results: results[i] }))
    this.#coded.set(key, coded)
    return coded
  }

  score(part: 'tuning' | 'test', stragglers: number, coded: readonly CodedGroup[], decode: Decode): Score {
    const sets = this.#survivors[part].get(stragglers)
    if (sets === undefined) throw new RangeError(`no survivor sets were drawn for ${stragglers} stragglers`)
    const trials = coded.map((one, i) => sets[i].map(survivors => trial(one, survivors, decode)))
    return summarise(
      trials,
      coded.map(({ group }) => ownAccuracy(group))
    )
  }
}

function trial(coded: CodedGroup, survivors: Survivors, decode: Decode): Trial {
  const { probabilities, labels } = coded.group
  return scoreGroup(decode(survivors, coded), probabilities, labels)
}
