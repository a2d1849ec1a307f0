import { type Random, random } from '../src/chance/index.ts'
import {
  type CalibratedCode,
  type ChosenDecoder,
  type LinearDecoder,
  linearDecoder,
  nearest,
  type OrderKind,
  type Outputs,
  profileCode,
  profileDecoder,
  secondMoments
} from '../src/codes/index.ts'
import { type Candidate, chooseCode, chooseDecoders, tunedSurvivors, withLambdasEncode } from './calibration-choice.ts'
import { type Asked, type CodedGroup, codeGroup, drawGroups, type ModelRun } from './calibration-groups.ts'
import { learnLocator } from './calibration-locator.ts'
import { learnReliability } from './calibration-reliability.ts'
import { drawSurvivors, type Judge, type Score, score } from './calibration-score.ts'

/** Chance has a stream for each purpose, so that more of one does not change the others; 0 splits the data. */
const STREAMS = {
  groups: 1,
  tuning: 2,
  heldBack: 3,
  tuningSurvivors: 4,
  heldBackSurvivors: 5,
  reliability: 6,
  locator: 7
}

/** Survivor sets for each number of survivors, at least: which workers answer matters as much as what is asked. */
const SETS = 40
/** As many as groups that are scored, at most so many. */
const MOST_SETS = 100

/** What a query is used for. */
type Part = 'groups' | 'tuning' | 'heldBack'

/** A plan that was asked for, checked. */
export type AskedPlan = Pick<CalibratedCode, 'code' | 'order'> & Partial<Pick<ChosenDecoder, 'decoder'>>

/** What all plans of a calibration share. */
export interface CalibrationData {
  run: ModelRun
  asked: Asked
  labels: readonly number[] | undefined
  /** Where in the data the queries of each part are. */
  pools: Record<Part, number[]>
  /** How many groups of each part. */
  counts: Record<Part, number>
  seed: number
  outputs: Outputs
  mean: Float64Array | undefined
  /** Called after each piece of work of {@link planSteps}. */
  step(): Promise<void>
  /** Called between pieces that are no step. */
  pause(): Promise<void>
}

/** Of predictions on the groups that were held back. */
export interface SurvivorScore {
  survivors: number
  /** By the code's own decoder. */
  linear: Score
  /** By the covariance decoder. */
  covariance: Score
}

/** A plan that was learned, what its decoders are worth, and the groups that tell it. */
export interface CalibratedOne {
  plan: CalibratedCode
  scores: SurvivorScore[]
  heldBack: CodedGroup[]
}

/** How many steps it takes to calibrate a plan. */
export function planSteps({ code }: AskedPlan, { groups, tuning, heldBack }: CalibrationData['counts']): number {
  return groups + heldBack + tuning * withLambdasEncode(code).length + code.n
}

/** Learns how to decode one plan: chooses on tuning groups, learns moments, and scores both on groups held back. */
export async function calibratePlan(
  { code: asked, order, decoder: only }: AskedPlan,
  data: CalibrationData
): Promise<CalibratedOne> {
  const { labels, outputs, mean, seed, step, pause } = data
  const candidates: Candidate[] = []
  for (const code of withLambdasEncode(asked)) {
    candidates.push({ code, groups: await codeGroups(data, 'tuning', { code, order }) })
  }
  const sets = tunedSurvivors(asked.n, SETS, random(seed, STREAMS.tuningSurvivors))
  const comparison = { sets, judge: { outputs }, pause }
  const tuned = await chooseCode(candidates, comparison)

  const { code } = tuned
  const groups = await codeGroups(data, 'groups', { code, order })
  const moments = secondMoments(
    groups.map(({ results, predictions }) => [...results, ...predictions]),
    { n: code.n, k: code.k, outputs, mean }
  )
  const decoders = await chooseDecoders(tuned, moments, comparison, only)
  const learned = { code, order, decoders, moments }
  const chance = random(seed, STREAMS.reliability)
  const reliability = learnReliability(profileDecoder(learned), tuned.groups, outputs, chance)
  const heldBack = await codeGroups(data, 'heldBack', { code, order })
  const locator = learnLocator(learned, { tuning: tuned.groups, heldBack }, random(seed, STREAMS.locator))
  const scores = await scoreAll(heldBack, {
    linear: linearDecoder(profileCode(learned)),
    covariance: profileDecoder({ ...learned, decoders: decoders.map(each => ({ ...each, decoder: 'covariance' })) }),
    survivors: random(seed, STREAMS.heldBackSurvivors),
    judge: { outputs, labels },
    step
  })
  const expected = scores.map(({ survivors, ...of }) => ({ survivors, ...of[nearest(decoders, survivors).decoder] }))
  return { plan: { ...learned, reliability, locator, expected }, scores, heldBack }
}

/** Draws the groups of a part, and runs them. */
async function codeGroups(
  { run, asked, pools, counts, seed, step }: CalibrationData,
  part: Part,
  { code: options, order }: { code: CalibratedCode['code']; order: OrderKind }
): Promise<CodedGroup[]> {
  const code = profileCode({ code: options })
  const groups: CodedGroup[] = []
  for (const positions of drawGroups(pools[part], code.k, counts[part], random(seed, STREAMS[part]))) {
    groups.push(await codeGroup(run, asked, positions, { code, order }))
    await step()
  }
  return groups
}

interface Scoring {
  linear: LinearDecoder
  covariance: LinearDecoder
  /** Chance for survivor sets. */
  survivors: Random
  judge: Judge
  step(): Promise<void>
}

/** For every number of survivors, both decoders on the same survivor sets. */
async function scoreAll(groups: readonly CodedGroup[], scoring: Scoring): Promise<SurvivorScore[]> {
  const { linear, covariance, judge, step } = scoring
  const n = groups[0].results.length
  const many = Math.min(MOST_SETS, Math.max(SETS, groups.length))
  const scores: SurvivorScore[] = []
  for (let survivors = 1; survivors <= n; survivors++) {
    const sets = drawSurvivors(n, survivors, many, scoring.survivors)
    scores.push({
      survivors,
      linear: score(linear, sets, groups, judge),
      covariance: score(covariance, sets, groups, judge)
    })
    await step()
  }
  return scores
}
