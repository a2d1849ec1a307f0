import type { Tensor } from '../tensor/index.ts'
import { type MonotoneMap, mapped } from './isotonic.ts'
import { floatsOf } from './mixtures.ts'
import type { Operator } from './operator.ts'

/** What a reconstructed prediction is expected to be like, measured on groups that the decoder was not made from. */
export interface ExpectedQuality {
  /** ‖p − f‖² summed over outputs, in the output's own units (logits: without their class mean). */
  error: number
  /** For classifiers: how likely its class is the one that the model itself gives. */
  agreement?: number
}

/** How far the variances of a decoder can be trusted, for predictions from so many survivors. */
export interface Reliability {
  survivors: number
  /** Squared error as measured, over squared error as the variances say, C·σ². */
  scale: number
  /** For classifiers: from {@link agreementScore} to how often the class is the one that the model itself gives. */
  agreement?: MonotoneMap
}

/**
 * What is to be expected of each prediction: its squared error C·σ², scaled, and what its score means. Between the numbers of
 * survivors that are known both are interpolated.
 *
 * @param reliability ascending by survivors; none where nothing is known
 * @param operator of a decoder that knows variances
 * @param predictions what it gave
 * @returns `undefined` for those that are exact or lost
 */
export function expectedQuality(
  reliability: readonly Reliability[],
  operator: Operator,
  predictions: ReadonlyArray<Tensor | undefined>
): Array<ExpectedQuality | undefined> {
  const { survivors, exact, variances } = operator
  return predictions.map((prediction, q) => {
    if (prediction === undefined || exact[q] || variances === undefined || reliability.length === 0) return undefined
    const [below, above, share] = between(reliability, survivors.length)
    const blend = (a: number, b: number) => a + share * (b - a)
    const error = blend(below.scale, above.scale) * prediction.size * variances[q]
    if (below.agreement === undefined || above.agreement === undefined) return { error }
    const score = agreementScore(floatsOf(prediction), variances[q])
    return { error, agreement: blend(mapped(below.agreement, score), mapped(above.agreement, score)) }
  })
}

/** The entries next to a number of survivors, and how far it is from the first to the second. */
function between(reliability: readonly Reliability[], survivors: number): [Reliability, Reliability, number] {
  const next = reliability.findIndex(each => each.survivors >= survivors)
  if (next <= 0) {
    const end = reliability[next === 0 ? 0 : reliability.length - 1]
    return [end, end, 0]
  }
  const [below, above] = [reliability[next - 1], reliability[next]]
  return [below, above, (survivors - below.survivors) / (above.survivors - below.survivors)]
}

/** 1.702 makes the logistic function nearest to the normal distribution; two outputs that err differ by √2 σ. */
const LOGISTIC = 1.702 / Math.SQRT2

/** Surer than this nobody is: it keeps scores finite where σ is 0. */
const MOST = 30

/**
 * How sure the class of a prediction is, whose outputs err by σ each: the log-odds of the largest in
 * softmax(1.2·z/σ). It is comparable between predictions; what it means is calibrated.
 *
 * Source: pairwise probabilities of a larger value under normal errors, by the logistic approximation (Bowling and others,
 * 2009, "A logistic approximation to the cumulative normal distribution").
 *
 * @param variance σ² ≥ 0, as {@link Operator.variances} has it
 */
export function agreementScore(outputs: Float32Array, variance: number): number {
  const largest = outputs.reduce((a, b) => Math.max(a, b))
  const scale = LOGISTIC / Math.sqrt(Math.max(variance, Number.MIN_VALUE))
  // Odds against it; the largest itself is in the sum once, for no difference is exp(0) = 1.
  const against = outputs.reduce((sum, value) => sum + Math.exp((value - largest) * scale), -1)
  return Math.min(MOST, Math.max(-MOST, -Math.log(against)))
}
