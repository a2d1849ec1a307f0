import { type Random, shuffled } from '../../src/chance/index.ts'
import { chords, covarianceLocator, honestThreshold, type Survivors } from '../../src/codes/index.ts'
import type { Course } from './course.ts'
import { type CodedGroup, learnMoments } from './decoders.ts'
import { normal } from './draws.ts'
import { type Estimate, mean, standardError } from './score.ts'

/** How wrong results were located, over test groups. */
export interface Liars {
  locator: string
  attack: string
  stragglers: number
  liars: number
  /** The share of wrong results that were located; absent where nobody lies. */
  located?: Estimate
  /** The share of honest results that were left out. */
  honestExcluded: Estimate
}

const STRAGGLERS = 10
const LIARS = 5
/** The share of honest groups in which a result may be left out. */
const FALSE_ALARMS = 0.05
/** Survivor sets of each honest group, for the thresholds; a test group has one. */
const SETS = 2
/** In logits; those of LeNet5 on a digit have a standard deviation of about this. */
const NOISE = 10
type Attack = (logits: Float32Array, chance: Random) => Float32Array

const ATTACKS: Record<string, Attack | undefined> = {
  // A plausible answer to another query: every class is taken for the next.
  'rolled class vector': logits => logits.map((_, c) => logits[(c + 1) % logits.length]),
  'Gaussian noise': (logits, chance) => logits.map(value => value + NOISE * normal(chance)),
  'nobody lies': undefined
}

/** Finds the survivors whose results do not fit. */
interface Locator {
  name: string
  locate(survivors: Survivors, answers: readonly Float32Array[], group: CodedGroup['group']): number[]
}

/** Locates up to 5 wrong results among 90, with thresholds from honest training groups. */
export async function wrongWorkers(course: Course, size: { k: number; n: number }, chance: Random): Promise<Liars[]> {
  const code = chords(size)
  const coded = {
    calibration: await course.coded('chords', code, 'calibration'),
    tuning: await course.coded('chords', code, 'tuning'),
    test: await course.coded('chords', code, 'test')
  }
  const locators = [
    learnedLocator('covariance', { size, coded, student: false }, chance),
    learnedLocator("covariance, beside the student's answers", { size, coded, student: true }, chance)
  ]
  return locators.flatMap(locator =>
    Object.entries(ATTACKS).map(([name, attack]) => measure(locator, name, attack, coded.test, chance))
  )
}

interface Learning {
  size: { k: number; n: number }
  coded: { calibration: readonly CodedGroup[]; tuning: readonly CodedGroup[] }
  /** Are the student's answers among the results, as witnesses? */
  student: boolean
}

function learnedLocator(name: string, { size, coded, student }: Learning, chance: Random): Locator {
  const code = chords(size)
  const moments = learnMoments(code, coded.calibration, student)
  const known = (answers: readonly Float32Array[], group: CodedGroup['group']) =>
    student ? [...answers, ...group.student] : answers
  const scorer = covarianceLocator({ code, moments, errors: 0, threshold: Number.POSITIVE_INFINITY })
  const largest = honest(coded.tuning, size.n, chance).map(({ survivors, answers, group }) =>
    scorer.locate(survivors, known(answers, group)).scores.reduce((a, b) => Math.max(a, b))
  )
  const threshold = honestThreshold(largest, FALSE_ALARMS)
  const locator = covarianceLocator({ code, moments, errors: LIARS, threshold })
  return { name, locate: (survivors, answers, group) => locator.locate(survivors, known(answers, group)).wrong }
}

function measure(
  locator: Locator,
  name: string,
  attack: Attack | undefined,
  test: readonly CodedGroup[],
  chance: Random
): Liars {
  const liarsPerSet = attack === undefined ? 0 : LIARS
  const found: number[] = []
  const excluded: number[] = []
  for (const { results, group } of test) {
    const { survivors, liars } = draw(results.length, liarsPerSet, chance)
    const answers = survivors.map(i => (attack && liars.has(i) ? attack(results[i], chance) : results[i]))
    const wrong = locator.locate(survivors, answers, group)
    const caught = wrong.filter(index => liars.has(index)).length
    found.push(caught / LIARS)
    excluded.push((wrong.length - caught) / (survivors.length - liarsPerSet))
  }
  const row = { locator: locator.name, attack: name, stragglers: STRAGGLERS, liars: liarsPerSet }
  const honestExcluded = estimate(excluded)
  return attack === undefined ? { ...row, honestExcluded } : { ...row, located: estimate(found), honestExcluded }
}

function estimate(values: readonly number[]): Estimate {
  return { value: mean(values), standardError: standardError(values) }
}

function honest(coded: readonly CodedGroup[], n: number, chance: Random) {
  return coded.flatMap(({ results, group }) =>
    Array.from({ length: SETS }, () => {
      const { survivors } = draw(n, 0, chance)
      return { survivors, answers: survivors.map(index => results[index]), group }
    })
  )
}

function draw(n: number, liars: number, chance: Random): { survivors: Survivors; liars: Set<number> } {
  const order = shuffled(Array(n).keys(), chance).slice(STRAGGLERS)
  return { liars: new Set(order.slice(0, liars)), survivors: order.sort((a, b) => a - b) }
}
