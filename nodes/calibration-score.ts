import { type Random, shuffled } from '../src/chance/index.ts'
import type { Expected, LinearDecoder, Outputs, Survivors } from '../src/codes/index.ts'
import { Tensor } from '../src/tensor/index.ts'
import { type CodedGroup, floats } from './calibration-groups.ts'

/** What the predictions of some groups are like. */
export type Score = Omit<Expected, 'survivors'>

/** How predictions are judged. */
export interface Judge {
  outputs: Outputs
  /** The true class of each query of the data. */
  labels?: readonly number[]
}

/** Survivor sets with `survivors` of `n`, all equally likely: `sets` by chance, or each one where there are no more. */
export function drawSurvivors(n: number, survivors: number, sets: number, chance: Random): Survivors[] {
  if (countOf(n, survivors) <= sets) {
    return everySet(n, survivors)
  }
  return Array.from({ length: sets }, () =>
    shuffled(Array(n).keys(), chance)
      .slice(0, survivors)
      .sort((a, b) => a - b)
  )
}

/** Numbers of survivors that are these shares of `n`, at least 1, each once. */
export function survivorCounts(shares: readonly number[], n: number): number[] {
  return [...new Set(shares.map(share => Math.max(1, Math.round(share * n))))]
}

/** C(n, k) */
function countOf(n: number, k: number): number {
  return Array.from({ length: Math.min(k, n - k) }, (_, i) => (n - i) / (i + 1)).reduce((a, b) => a * b, 1)
}

function everySet(n: number, size: number): Survivors[] {
  if (size === 0) {
    return [[]]
  }
  // The last one leaves room for the others: to look where there is none would take 2ⁿ steps.
  const lasts = Array.from({ length: n - size + 1 }, (_, i) => size - 1 + i)
  return lasts.flatMap(last => everySet(last, size - 1).map(rest => [...rest, last]))
}

/** Of the survivor sets, every group meets one in so many at least: more sets are cheaper than more groups, and vary more. */
const SHARES = 4
/** More predictions, about so many, would tell no more of a mean. */
const PREDICTIONS = 10_000

/** A prediction beside the one that the model itself gives. */
export type Judged = { status: 'exact' | 'lost' } | Reconstructed

export interface Reconstructed {
  status: 'reconstructed'
  values: Float32Array
  /** How unsure each output is, where the decoder knows. */
  variance: number | undefined
  /** ‖p − f‖²; of logits without their class mean. */
  squaredError: number
  /** Its class, and whether the model itself gives the same. */
  class: number
  agrees: boolean
  /** Where in the data its query is. */
  position: number
}

/** Predictions of the groups, about as many as are wanted: the survivor sets are dealt out among them. */
export function* judged(
  decoder: LinearDecoder,
  sets: readonly Survivors[],
  groups: readonly CodedGroup[],
  { outputs, wanted }: { outputs: Outputs; wanted: number }
): Generator<Judged> {
  const all = sets.length * groups.reduce((sum, { predictions }) => sum + predictions.length, 0)
  const shares = Math.min(Math.max(SHARES, Math.ceil(all / wanted)), sets.length)
  const arrived = groups.map(({ results }) => results.map(result => Tensor.float32(result)))
  for (const [s, survivors] of sets.entries()) {
    const operator = decoder.select(survivors)
    for (let g = s % shares; g < groups.length; g += shares) {
      const { predictions, positions } = groups[g]
      const decoded = operator.apply(survivors.map(index => arrived[g][index]))
      for (const [place, tensor] of decoded.entries()) {
        if (tensor === undefined || operator.exact[place]) {
          yield { status: tensor === undefined ? 'lost' : 'exact' }
          continue
        }
        const values = floats(tensor)
        const own = predictions[place]
        const decided = argmax(values)
        yield {
          status: 'reconstructed',
          values,
          variance: operator.variances?.[place],
          squaredError: squaredError(values, own, outputs),
          class: decided,
          agrees: decided === argmax(own),
          position: positions[place]
        }
      }
    }
  }
}

/** Scores a decoder on groups, the survivor sets dealt out among them. */
export function score(
  decoder: LinearDecoder,
  sets: readonly Survivors[],
  groups: readonly CodedGroup[],
  { outputs, labels }: Judge
): Score {
  const counts = { exact: 0, lost: 0, reconstructed: 0 }
  const sums = { squared: 0, agreed: 0, right: 0 }
  for (const one of judged(decoder, sets, groups, { outputs, wanted: PREDICTIONS })) {
    counts[one.status] += 1
    if (one.status === 'reconstructed') {
      sums.squared += one.squaredError
      sums.agreed += Number(one.agrees)
      sums.right += Number(one.class === labels?.[one.position])
    }
  }
  const { exact, lost, reconstructed } = counts
  const all = exact + lost + reconstructed
  const classifier = outputs !== 'values'
  return {
    exact: exact / all,
    lost: lost / all,
    ...(reconstructed > 0 && {
      mse: sums.squared / reconstructed,
      ...(classifier && { agreement: sums.agreed / reconstructed }),
      ...(classifier && labels && { accuracy: sums.right / reconstructed })
    })
  }
}

/** The share of queries whose class the model itself has right, each counted as often as it is in a group. */
export function ownAccuracy(groups: readonly CodedGroup[], labels: readonly number[]): number {
  const right = groups.flatMap(({ positions, predictions }) =>
    predictions.map((own, place) => Number(argmax(own) === labels[positions[place]]))
  )
  return right.reduce((sum, one) => sum + one, 0) / right.length
}

/** ‖p − f‖²; of logits ‖d − d̄‖² = Σd² − (Σd)²/C with d = p − f, for a softmax takes their mean out. */
function squaredError(prediction: Float32Array, own: Float32Array, outputs: Outputs): number {
  let sum = 0
  let squares = 0
  for (let c = 0; c < own.length; c++) {
    const difference = prediction[c] - own[c]
    sum += difference
    squares += difference * difference
  }
  return outputs === 'logits' ? Math.max(0, squares - (sum * sum) / own.length) : squares
}

/** The class with the highest score, the first of equal ones. */
function argmax(values: Float32Array): number {
  let best = 0
  for (let c = 1; c < values.length; c++) {
    if (values[c] > values[best]) {
      best = c
    }
  }
  return best
}
