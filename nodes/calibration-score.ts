import type { LinearDecoder, Operator, Outputs, Survivors } from '../src/codes/index.ts'
import { type Random, shuffled } from '../src/simulation/index.ts'
import { Tensor } from '../src/tensor/index.ts'
import type { CodedGroup } from './calibration-groups.ts'

/** What reconstructed predictions are like; those that are the model's own result do not count. */
export interface Score {
  /** ‖p − f‖² summed over outputs, mean over predictions; logits without their class mean. */
  mse: number
  /** For classifiers: the share whose class is the one that the model itself gives. */
  agreement?: number
  /** With labels: the share whose class is right. */
  accuracy?: number
}

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

/**
 * Scores a decoder on groups, the survivor sets dealt out among them.
 *
 * @returns `undefined` where nothing was reconstructed
 */
export function score(
  decoder: LinearDecoder,
  sets: readonly Survivors[],
  groups: readonly CodedGroup[],
  judge: Judge
): Score | undefined {
  const sums = { predictions: 0, squared: 0, agreed: 0, right: 0 }
  const shares = Math.min(SHARES, sets.length)
  sets.forEach((survivors, s) => {
    const operator = decoder.select(survivors)
    for (let g = s % shares; g < groups.length; g += shares) {
      add(sums, operator, groups[g], judge)
    }
  })
  const { predictions, squared, agreed, right } = sums
  if (predictions === 0) {
    return undefined
  }
  const classifier = judge.outputs !== 'values'
  return {
    mse: squared / predictions,
    ...(classifier && { agreement: agreed / predictions }),
    ...(classifier && judge.labels && { accuracy: right / predictions })
  }
}

interface Sums {
  predictions: number
  squared: number
  agreed: number
  right: number
}

function add(sums: Sums, operator: Operator, { positions, results, predictions }: CodedGroup, judge: Judge): void {
  const arrived = operator.survivors.map(index => Tensor.float32(results[index]))
  operator.apply(arrived).forEach((tensor, place) => {
    if (tensor === undefined || operator.exact[place] || !(tensor.data instanceof Float32Array)) {
      return
    }
    const own = predictions[place]
    const decided = argmax(tensor.data)
    sums.predictions += 1
    sums.squared += squaredError(tensor.data, own, judge.outputs)
    sums.agreed += Number(decided === argmax(own))
    sums.right += Number(decided === judge.labels?.[positions[place]])
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
