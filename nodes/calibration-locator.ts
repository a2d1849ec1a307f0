import type { Random } from '../src/chance/index.ts'
import {
  type CalibratedCode,
  type CalibratedLocator,
  honestThreshold,
  profileLocator,
  type Survivors
} from '../src/codes/index.ts'
import type { CodedGroup } from './calibration-groups.ts'
import { drawSurvivors, survivorCounts } from './calibration-score.ts'

/** Wrong results are looked for among these shares of survivors; among fewer, nobody can tell. */
const SHARES = [0.5, 0.75, 1]
/** Survivor sets that each group meets, for each of them. */
const SETS = 2
/** The share of honest groups in which a result may be left out. */
const FALSE_ALARMS = 0.05
/** False alarms are measured where one result in so many might be wrong. */
const ONE_IN = 20

type Plan = Pick<CalibratedCode, 'code' | 'moments'>

/** A threshold from honest groups, and the false alarms that it raises on others; none of them taught the moments. */
export function learnLocator(
  plan: Plan,
  { tuning, heldBack }: Record<'tuning' | 'heldBack', readonly CodedGroup[]>,
  chance: Random
): CalibratedLocator {
  const untold = { threshold: Infinity, falseAlarms: 0 }
  const scorer = profileLocator({ ...plan, locator: untold }, 0)
  const largest = honest(tuning, chance).map(({ survivors, results }) =>
    scorer.locate(survivors, results).scores.reduce((a, b) => Math.max(a, b))
  )
  const threshold = honestThreshold(largest, FALSE_ALARMS)
  const locator = profileLocator({ ...plan, locator: { ...untold, threshold } }, Math.ceil(plan.code.n / ONE_IN))
  const alarms = { wrong: 0, results: 0 }
  for (const { survivors, results } of honest(heldBack, chance)) {
    alarms.wrong += locator.locate(survivors, results).wrong.length
    alarms.results += survivors.length
  }
  return { threshold, falseAlarms: alarms.wrong / alarms.results }
}

/** Honest groups from which some results arrived. */
function honest(
  groups: readonly CodedGroup[],
  chance: Random
): Array<{ survivors: Survivors; results: readonly Float32Array[] }> {
  return groups.flatMap(({ results }) =>
    survivorCounts(SHARES, results.length).flatMap(count =>
      drawSurvivors(results.length, count, SETS, chance).map(survivors => ({
        survivors,
        results: survivors.map(index => results[index])
      }))
    )
  )
}
