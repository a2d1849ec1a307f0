import type { LinearCode, Survivors } from '../../src/codes/index.ts'
import type { CodedGroup, Decode } from './decoders.ts'
import type { Group } from './groups.ts'
import type { Models } from './models.ts'
import type { Parts } from './parts.ts'
import { type Score, scoreQuery, summarise, type Trial } from './score.ts'

/** Survivor sets by number of stragglers, then by group: the same for every method, so that methods compare in pairs. */
export type SurvivorSets = ReadonlyMap<number, Survivors[][]>

/** Groups in one order, and the results of every code that was tried on them. */
export class Course {
  readonly #models: Pick<Models, 'coded'>
  readonly #groups: Parts<Group[]>
  readonly #survivors: Omit<Parts<SurvivorSets>, 'calibration'>
  readonly #coded = new Map<string, CodedGroup[]>()

  constructor(
    models: Pick<Models, 'coded'>,
    groups: Parts<Group[]>,
    survivors: Omit<Parts<SurvivorSets>, 'calibration'>
  ) {
    this.#models = models
    this.#groups = groups
    this.#survivors = survivors
  }

  /** The groups of a part, coded. `encoder` names the encoding matrix: codes that differ in their decoders share it. */
  async coded(encoder: string, code: LinearCode, part: keyof Parts<unknown>): Promise<CodedGroup[]> {
    const key = `${part} ${encoder}`
    const known = this.#coded.get(key)
    if (known !== undefined) return known
    const groups = this.#groups[part]
    const results = await this.#models.coded(code, groups)
    const coded = groups.map((group, i) => ({ group, results: results[i] }))
    this.#coded.set(key, coded)
    return coded
  }

  score(part: 'tuning' | 'test', stragglers: number, coded: readonly CodedGroup[], decode: Decode): Score {
    const sets = this.#survivors[part].get(stragglers)
    if (sets === undefined) throw new RangeError(`no survivor sets were drawn for ${stragglers} stragglers`)
    const unitOf = units(coded.map(({ group }) => group))
    const trials = coded.flatMap((one, g) =>
      sets[g].flatMap(survivors => trialsOf(one, decode(survivors, one), q => unitOf(g, q)))
    )
    return summarise(trials)
  }
}

/** What a query of a group is one measurement with: the whole group, or its image where images are in several groups. */
export function units(groups: readonly Pick<Group, 'members'>[]): (group: number, query: number) => number {
  const members = groups.flatMap(group => group.members)
  const disjoint = new Set(members).size === members.length
  return (group, query) => (disjoint ? group : groups[group].members[query])
}

function trialsOf(
  { group: { probabilities, labels } }: CodedGroup,
  predictions: readonly (Float32Array | undefined)[],
  unitOf: (query: number) => number
): Trial[] {
  return predictions.map((prediction, q) => ({
    unit: unitOf(q),
    ...scoreQuery(prediction, probabilities[q], labels[q])
  }))
}
