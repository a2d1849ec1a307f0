import { type CovarianceLocator, covarianceLocator, honestThreshold, type Survivors } from '../../src/codes/index.ts'
import { type Random, shuffled } from '../../src/simulation/index.ts'
import { chords, withStudent } from './chords.ts'
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
/** Times that all suspects are reconsidered; they seldom change after the second. */
const ROUNDS = 6
/** ε, with and without the student: larger than for decoding, for outliers among honest results. Of 7 tried on training images. */
const EPSILONS = { student: 0.2, alone: 0.3 }

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
  const locators = [alone(size, coded, chance), besideStudent(size, coded, chance)]
  return locators.flatMap(locator =>
    Object.entries(ATTACKS).map(([name, attack]) => measure(locator, name, attack, coded.test, chance))
  )
}

/** The library's locator. */
function alone(
  size: { k: number; n: number },
  { calibration, tuning }: { calibration: readonly CodedGroup[]; tuning: readonly CodedGroup[] },
  chance: Random
): Locator {
  const code = chords(size)
  const moments = learnMoments(code, calibration, false)
  const options = { code, moments, epsilon: EPSILONS.alone }
  const scorer = covarianceLocator({ ...options, errors: 0, threshold: Number.POSITIVE_INFINITY })
  const threshold = honestThreshold(
    honest(tuning, size.n, chance).map(({ survivors, answers }) =>
      scorer.locate(survivors, answers).scores.reduce((a, b) => Math.max(a, b))
    ),
    FALSE_ALARMS
  )
  const locator = covarianceLocator({ ...options, errors: LIARS, threshold })
  return { name: 'covariance', locate: (survivors, answers) => locator.locate(survivors, answers).wrong }
}

/**
 * With the student's answers among the results, as witnesses that are never suspects themselves; and with every suspect
 * reconsidered once the others are out, for of two neighbours that contradict each other the wrong one may have gone first.
 */
function besideStudent(
  size: { k: number; n: number },
  { calibration, tuning }: { calibration: readonly CodedGroup[]; tuning: readonly CodedGroup[] },
  chance: Random
): Locator {
  const code = withStudent(chords(size))
  const moments = learnMoments(code, calibration, true)
  const scorer = covarianceLocator({
    code,
    moments,
    errors: 0,
    threshold: Number.POSITIVE_INFINITY,
    epsilon: EPSILONS.student
  })
  const largest = honest(tuning, size.n, chance).map(({ survivors, answers, group }) => {
    return worst(scorer, { survivors, answers, witnesses: group.student, n: size.n }, new Set()).score
  })
  const threshold = honestThreshold(largest, FALSE_ALARMS)
  return {
    name: "covariance, beside the student's answers",
    locate: (survivors, answers, { student }) =>
      reconsidered(scorer, { survivors, answers, witnesses: student, n: size.n }, threshold)
  }
}

interface Testimony {
  survivors: Survivors
  answers: readonly Float32Array[]
  witnesses: readonly Float32Array[]
  n: number
}

function reconsidered(scorer: CovarianceLocator, testimony: Testimony, threshold: number): number[] {
  const out = new Set<number>()
  const next = (): boolean => {
    const { index, score } = worst(scorer, testimony, out)
    if (out.size < LIARS && score > threshold) out.add(index)
    return out.has(index)
  }
  while (next());
  for (let round = 0, changed = true; changed && round < ROUNDS; round++) {
    changed = false
    for (const suspect of [...out]) {
      out.delete(suspect)
      next()
      if (!out.has(suspect)) changed = true
    }
  }
  return [...out]
}

/** The survivor that fits the others least, those that are out left out. */
function worst(
  scorer: CovarianceLocator,
  { survivors, answers, witnesses, n }: Testimony,
  out: ReadonlySet<number>
): { index: number; score: number } {
  const kept = [...survivors.keys()].filter(j => !out.has(survivors[j]))
  const indices = [...kept.map(j => survivors[j]), ...witnesses.map((_, q) => n + q)]
  const { scores } = scorer.locate(indices, [...kept.map(j => answers[j]), ...witnesses])
  const suspects = scores.subarray(0, kept.length)
  const score = suspects.reduce((a, b) => Math.max(a, b))
  return { index: indices[suspects.indexOf(score)], score }
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
