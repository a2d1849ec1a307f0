import type { Expected, LinearDecoder, Operator, Outputs, Survivors } from '../src/codes/index.ts'
import { type Random, shuffled } from '../src/simulation/index.ts'
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

/** `sets` survivor sets with `survivors` of `n`, all equally likely; one where there is but one. */
export function drawSurvivors(n: number, survivors: number, sets: number, chance: Random): Survivors[] {
  return Array.from({ length: survivors === n ? 1 : sets }, () =>
    shuffled(Array(n).keys(), chance)
      .slice(0, survivors)
      .sort((a, b) => a - b)
  )
}

/** Of the survivor sets, every group meets one in so many: more sets are cheaper than more groups, and vary more. */
const SHARES = 4

/** Scores a decoder on groups, the survivor sets dealt out among them. */
export function score(
  decoder: LinearDecoder,
  sets: readonly Survivors[],
  groups: readonly CodedGroup[],
  judge: Judge
): Score {
  const sums = { exact: 0, lost: 0, reconstructed: 0, squared: 0, agreed: 0, right: 0 }
  const shares = Math.min(SHARES, sets.length)
  sets.forEach((survivors, s) => {
    const operator = decoder.select(survivors)
    for (let g = s % shares; g < groups.length; g += shares) {
      add(sums, operator, groups[g], judge)
    }
  })
  const { exact, lost, reconstructed, squared, agreed, right } = sums
  const all = exact + lost + reconstructed
  const classifier = judge.outputs !== 'values'
  return {
    exact: exact / all,
    lost: lost / all,
    ...(reconstructed > 0 && {
      mse: squared / reconstructed,
      ...(classifier && { agreement: agreed / reconstructed }),
      ...(classifier && judge.labels && { accuracy: right / reconstructed })
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

interface Sums {
  exact: number
  lost: number
  reconstructed: number
  squared: number
  agreed: number
  right: number
}

function add(sums: Sums, operator: Operator, { positions, results, predictions }: CodedGroup, judge: Judge): void {
  const arrived = operator.survivors.map(index => Tensor.float32(results[index]))
  operator.apply(arrived).forEach((tensor, place) => {
    if (operator.exact[place]) {
      sums.exact += 1
    } else if (tensor === undefined) {
      sums.lost += 1
    } else {
      const decoded = floats(tensor)
      const own = predictions[place]
      const decided = argmax(decoded)
      sums.reconstructed += 1
      sums.squared += squaredError(decoded, own, judge.outputs)
      sums.agreed += Number(decided === argmax(own))
      sums.right += Number(decided === judge.labels?.[positions[place]])
    }
  })
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
