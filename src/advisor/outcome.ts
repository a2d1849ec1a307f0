import type { CalibratedCode, Expected } from '../codes/index.ts'
import { chooseOf, drawn } from './stragglers.ts'

/** What becomes of the queries of a group. */
export interface GroupOutcome {
  /** The share that is the model's own result. */
  exact: number
  /** The share that has no prediction; what is neither exact nor lost is reconstructed. */
  lost: number
  /** What the reconstructed ones are like. */
  reconstructed?: Partial<Pick<Expected, 'mse' | 'agreement' | 'accuracy'>> & {
    /** What it costs to take their classes in place of the model's own, by its probabilities. @default 1 wherever they differ */
    regret?: number
  }
  /** P(no query is lost). */
  complete: number
}

/** What may become of a group when `straggling` of its workers straggle, each set of so many equally likely. */
export type OutcomesOf = (straggling: number) => Array<{ probability: number; outcome: GroupOutcome }>

/**
 * Copies alone. A query is lost when all workers straggle that hold a copy of it, with d of W straggling
 *
 *     P(lost) = C(W − c, d − c) / C(W, d)
 *
 * where c = min(copies, W). Where there are fewer workers than coded queries, queries share workers, and `complete` is the union
 * bound 1 − Σ P(lost): it is at least that probable.
 */
export function copiedOutcomes({ k, n }: { k: number; n: number }, workers: number): OutcomesOf {
  const copies = Array.from({ length: k }, (_, q) => Math.ceil((n - q) / k))
  const complete = n <= workers ? completeGroups(copies) : undefined
  return straggling => {
    const losses = copies.map(each => {
      const draws = Math.min(each, workers)
      return drawn({ from: workers, marked: straggling, draws, hits: draws })
    })
    const lost = losses.reduce((sum, loss) => sum + loss, 0)
    const outcome = {
      exact: 1 - lost / k,
      lost: lost / k,
      complete: complete?.[straggling] ?? Math.max(0, 1 - lost)
    }
    return [{ probability: 1, outcome }]
  }
}

/**
 * P(no query has lost all its copies | d of all copies are lost), d = 0 … Σ copies. Of the C(Σc, d) sets of lost copies,
 * those that leave each query one are counted by the coefficient of x^d in Π_q ((1 + x)^c_q − x^c_q). Factors are divided
 * by 2^c_q to stay in the range of floats.
 */
function completeGroups(copies: readonly number[]): number[] {
  let left = [1]
  let all = [1]
  for (const each of copies) {
    const factor = Array.from({ length: each + 1 }, (_, i) => chooseOf(each, i) / 2 ** each)
    all = product(all, factor)
    left = product(left, factor.slice(0, -1))
  }
  return all.map((sets, d) => (left[d] ?? 0) / sets)
}

/** Of two polynomials, lowest coefficient first. */
function product(a: readonly number[], b: readonly number[]): number[] {
  const terms: number[] = new Array(a.length + b.length - 1).fill(0)
  a.forEach((x, i) => {
    b.forEach((y, j) => {
      terms[i + j] += x * y
    })
  })
  return terms
}

/**
 * A calibrated code, by what was measured with so many survivors. Where there are fewer workers than coded queries, those on
 * one worker fail together: of W workers, n mod W hold one more than the others. What was measured of survivors by chance
 * then stands for survivors in steps of W.
 */
export function calibratedOutcomes({ code: { n }, expected }: CalibratedCode, workers: number): OutcomesOf {
  const load = Math.floor(n / workers)
  const heavy = n % workers
  return straggling =>
    Array.from({ length: heavy + 1 }, (_, hits) => ({
      probability: drawn({ from: workers, marked: heavy, draws: straggling, hits }),
      outcome: measured(expected, n - straggling * load - hits)
    })).filter(({ probability }) => probability > 0)
}

function measured(expected: readonly Expected[], survivors: number): GroupOutcome {
  const entry = expected.find(each => each.survivors === survivors)
  if (entry === undefined) return { exact: 0, lost: 1, complete: 0 }
  const { exact, lost } = entry
  return { exact, lost, reconstructed: entry, complete: lost === 0 ? 1 : 0 }
}
