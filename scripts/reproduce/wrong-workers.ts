import { covarianceLocator, honestThreshold, type LinearCode, type Survivors } from '../../src/codes/index.ts'
import type { Random } from '../../src/simulation/index.ts'
import { chords } from './chords.ts'
import type { Course } from './course.ts'
import { type CodedGroup, learnMoments } from './decoders.ts'
import { normal, shuffled } from './draws.ts'
import { mean, standardError } from './score.ts'

/** How wrong results were located, over test groups. */
export interface Liars {
  attack: string
  stragglers: number
  liars: number
  /** The share of wrong results that were located; absent where nobody lies. */
  located?: { value: number; standardError: number }
  /** The share of honest results that were left out. */
  honestExcluded: { value: number; standardError: number }
}

const STRAGGLERS = 10
const LIARS = 5
const EPSILON = 1e-3
/** The share of honest groups in which a result may be left out. */
const FALSE_ALARMS = 0.05
/** Survivor sets of each group. */
const SETS = 4
/** In logits; those of LeNet5 on a digit have a standard deviation of about this. */
const NOISE = 10

type Attack = (logits: Float32Array, chance: Random) => Float32Array

const ATTACKS: Record<string, Attack> = {
  // A plausible answer to another query: every class is taken for the next.
  'rolled class vector': logits => logits.map((_, c) => logits[(c + 1) % logits.length]),
  'Gaussian noise': (logits, chance) => logits.map(value => value + NOISE * normal(chance))
}

/** Locates up to 5 wrong results among 90, with a threshold from honest training groups. */
export async function wrongWorkers(course: Course, size: { k: number; n: number }, chance: Random): Promise<Liars[]> {
  const code = chords(size)
  const moments = learnMoments(code, await course.coded('chords', code, 'calibration'), false)
  const threshold = await calibrate(course, code, moments, chance)
  const locator = covarianceLocator({ code, moments, errors: LIARS, threshold, epsilon: EPSILON })
  const test = await course.coded('chords', code, 'test')

  const located = (attack: Attack | undefined): Shares[] =>
    test.map(({ results }) => {
      const shares = Array.from({ length: SETS }, () => {
        const { survivors, liars } = draw(size.n, attack === undefined ? 0 : LIARS, chance)
        const answers = survivors.map(index =>
          attack !== undefined && liars.has(index) ? attack(results[index], chance) : results[index]
        )
        const { wrong } = locator.locate(survivors, answers)
        const found = wrong.filter(index => liars.has(index)).length
        return {
          found: found / LIARS,
          excluded: (wrong.length - found) / (survivors.length - liars.size)
        }
      })
      return { found: mean(shares.map(({ found }) => found)), excluded: mean(shares.map(({ excluded }) => excluded)) }
    })

  const attacked = Object.entries(ATTACKS).map(([name, attack]) => {
    const shares = located(attack)
    return { ...liarsRow(name, LIARS, shares), located: estimate(shares.map(({ found }) => found)) }
  })
  return [...attacked, liarsRow('nobody lies', 0, located(undefined))]
}

interface Shares {
  found: number
  excluded: number
}

function liarsRow(attack: string, liars: number, shares: readonly Shares[]): Liars {
  return { attack, stragglers: STRAGGLERS, liars, honestExcluded: estimate(shares.map(({ excluded }) => excluded)) }
}

function estimate(values: readonly number[]): { value: number; standardError: number } {
  return { value: mean(values), standardError: standardError(values) }
}

async function calibrate(
  course: Course,
  code: LinearCode,
  moments: ReturnType<typeof learnMoments>,
  chance: Random
): Promise<number> {
  const scorer = covarianceLocator({ code, moments, errors: 0, threshold: Number.POSITIVE_INFINITY, epsilon: EPSILON })
  const tuning: CodedGroup[] = await course.coded('chords', code, 'tuning')
  const largest = tuning.flatMap(({ results }) =>
    Array.from({ length: SETS }, () => {
      const { survivors } = draw(code.n, 0, chance)
      const { scores } = scorer.locate(
        survivors,
        survivors.map(index => results[index])
      )
      return scores.reduce((a, b) => Math.max(a, b))
    })
  )
  return honestThreshold(largest, FALSE_ALARMS)
}

function draw(n: number, liars: number, chance: Random): { survivors: Survivors; liars: Set<number> } {
  const order = shuffled(n, chance).slice(STRAGGLERS)
  return { liars: new Set(order.slice(0, liars)), survivors: order.sort((a, b) => a - b) }
}
