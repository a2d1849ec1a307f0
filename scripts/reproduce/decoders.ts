import {
  covarianceDecoder,
  type LinearCode,
  type LinearDecoder,
  linearDecoder,
  type Moments,
  type Survivors,
  secondMoments,
  softmax
} from '../../src/codes/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import type { Group } from './groups.ts'
import { floats } from './models.ts'
import { posteriorVariances, temperedSoftmax } from './tempered.ts'

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
    apply(
      decoder,
      survivors,
      survivors.map(index => softmax(results[index]))
    )
}

export interface Learned {
  code: LinearCode
  moments: Moments
  epsilon: number
  /** Are probabilities tempered by how unsure the decoded logits are? */
  tempered: boolean
  /** Does the master know what the student says to each query? */
  student: boolean
}

/** The covariance decoder on logits. */
export function learnedDecode({ code, moments, epsilon, tempered, student }: Learned): Decode {
  const decoder = covarianceDecoder({ code, moments, epsilon })
  const known = student ? Array.from({ length: code.k }, (_, q) => code.n - code.k + q) : []
  return (survivors, { results, group }) => {
    const all = [...survivors, ...known]
    const arrived = survivors.map(index => results[index])
    const logits = apply(decoder, all, student ? [...arrived, ...group.student] : arrived)
    if (!tempered) return logits.map(vector => vector && softmax(vector))
    const variances = posteriorVariances(moments, all, epsilon)
    return logits.map((vector, q) => vector && temperedSoftmax(vector, variances[q]))
  }
}

/** How the logits of all coded queries, and of the student, vary together with the model's own. */
export function learnMoments(code: LinearCode, calibration: readonly CodedGroup[], student: boolean): Moments {
  const vectors = calibration.map(({ group, results }) =>
    student ? [...results, ...group.student, ...group.logits] : [...results, ...group.logits]
  )
  return secondMoments(vectors, { n: code.n, k: code.k, outputs: 'logits' })
}

function apply(
  decoder: LinearDecoder,
  survivors: Survivors,
  results: readonly Float32Array[]
): (Float32Array | undefined)[] {
  const predictions = decoder.select(survivors).apply(results.map(result => Tensor.float32(result)))
  return predictions.map(prediction => prediction && floats(prediction))
}
