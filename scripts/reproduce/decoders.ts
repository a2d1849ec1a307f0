import {
  covarianceDecoder,
  type LinearCode,
  linearDecoder,
  type Moments,
  type Operator,
  type Survivors,
  secondMoments,
  softmax,
  temperedSoftmax
} from '../../src/codes/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import type { Group } from './groups.ts'
import { floats } from './models.ts'

/** A group and the logits of all its coded queries. */
export interface CodedGroup {
  group: Group
  results: Float32Array[]
}

/** What a master does with the results that arrived: the probabilities of each query, `undefined` for a lost one. */
export type Decode = (survivors: Survivors, coded: CodedGroup) => (Float32Array | undefined)[]

/** As the papers decode: in the space of probabilities, with the code's own decoder and no guard. */
export function paperDecode(code: LinearCode): Decode {
  const decoder = linearDecoder(code, { normCap: Number.POSITIVE_INFINITY })
  return (survivors, { results }) =>
    outputs(
      decoder.select(survivors),
      survivors.map(index => softmax(results[index]))
    )
}

export interface Learned {
  code: LinearCode
  moments: Moments
  epsilon: number
  /** Are probabilities tempered by how unsure the decoded logits are? */
  tempered: boolean
}

/** The covariance decoder on logits, which knows the student's where the moments do. */
export function learnedDecode({ code, moments, epsilon, tempered }: Learned): Decode {
  const decoder = covarianceDecoder({ code, moments, epsilon })
  return (survivors, { results, group }) => {
    const arrived = survivors.map(index => results[index])
    const operator = decoder.select(survivors)
    const logits = outputs(operator, moments.side ? [...arrived, ...group.student] : arrived)
    return logits.map((vector, q) => {
      const variance = tempered ? (operator.variances?.[q] ?? 0) : 0
      return vector && temperedSoftmax(vector, variance)
    })
  }
}

/** How the logits of all coded queries, and of the student, vary together with the model's own. */
export function learnMoments(code: LinearCode, calibration: readonly CodedGroup[], student: boolean): Moments {
  const vectors = calibration.map(({ group, results }) =>
    student ? [...results, ...group.student, ...group.logits] : [...results, ...group.logits]
  )
  return secondMoments(vectors, { n: code.n, k: code.k, side: student ? code.k : 0, outputs: 'logits' })
}

function outputs(operator: Operator, results: readonly Float32Array[]): (Float32Array | undefined)[] {
  const predictions = operator.apply(results.map(result => Tensor.float32(result)))
  return predictions.map(prediction => prediction && floats(prediction))
}
