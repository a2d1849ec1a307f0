import type { Random } from '../src/chance/index.ts'
import { agreementScore, isotonicMap, type LinearDecoder, type Outputs, type Reliability } from '../src/codes/index.ts'
import type { CodedGroup } from './calibration-groups.ts'
import { drawSurvivors, judged, survivorCounts } from './calibration-score.ts'

/** Reliability is learned for these shares of survivors, and interpolated between them. */
const SHARES = [0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95]
/** The share of observations behind each point of a map from scores to agreement. */
const LEAST_SHARE = 0.02

/**
 * Survivor sets for each number of survivors, at least; else so many a group. The least sure predictions all come from the few sets
 * that leave wide gaps, and an ascending map takes the worst of them for what all are like: they must be many.
 */
const SETS = 40
const SETS_A_GROUP = 8

/** Predictions to observe: what each step of confidence means takes more of them than a mean. */
const OBSERVED = 100_000

/** How far the variances of a decoder can be trusted, on groups that its moments were not learned on. */
export function learnReliability(
  decoder: LinearDecoder,
  groups: readonly CodedGroup[],
  outputs: Outputs,
  chance: Random
): Reliability[] {
  const n = groups[0].results.length
  return survivorCounts(SHARES, n).flatMap(survivors => {
    const sums = { measured: 0, said: 0 }
    const observations: Array<{ from: number; to: number }> = []
    const sets = drawSurvivors(n, survivors, Math.max(SETS, SETS_A_GROUP * groups.length), chance)
    for (const one of judged(decoder, sets, groups, { outputs, wanted: OBSERVED })) {
      if (one.status === 'reconstructed' && one.variance !== undefined) {
        sums.measured += one.squaredError
        sums.said += one.values.length * one.variance
        observations.push({ from: agreementScore(one.values, one.variance), to: Number(one.agrees) })
      }
    }
    if (!(sums.said > 0)) {
      return []
    }
    const least = Math.ceil(LEAST_SHARE * observations.length)
    const agreement = outputs === 'values' ? undefined : isotonicMap(observations, least)
    return [{ survivors, scale: sums.measured / sums.said, ...(agreement && { agreement }) }]
  })
}
