/**
 * @packageDocumentation
 *
 * Codes: how K queries become N coded queries, and how the results of any survivors become K predictions. One file per
 * code, one interface ({@link LinearCode}), one registry. Matrices are pure and can be checked against golden vectors;
 * numerical guards are options of the decoder. Around the codes: how a group is ordered, decoders that know how
 * outputs vary together, and locators of wrong results. Imports only `tensor`; nothing here knows of networks or of time.
 *
 * @example
 * ```ts
 * import { encode, linearDecoder, nercc } from 'splinemesh/codes'
 *
 * const code = nercc({ k: 4, n: 12, lambdaDecode: 1e-5 })
 * const codedQueries = encode(code, queries)
 * const survivors = [0, 1, 3, 4, 5, 7, 8, 10, 11]
 * const predictions = linearDecoder(code).select(survivors).apply(results)
 * ```
 */
export { type ApproxiferDemand, approxifer, approxiferCodedQueries } from './approxifer.ts'
export { type BerrutOptions, berrut } from './berrut.ts'
export { cachedDecoder } from './cached-decoder.ts'
export { cholesky, choleskySolve, factoring } from './cholesky.ts'
export { chooseLambda, type LambdaChoice } from './choose-lambda.ts'
export { chords } from './chords.ts'
export type { LinearCode, Survivors } from './code.ts'
export { type Confidence, learnConfidence, learningConfidence, readLogits } from './confidence.ts'
export { contradicted } from './contradicted.ts'
export {
  type CovarianceDecoderOptions,
  covarianceDecoder,
  covarianceMatrix,
  DEFAULT_EPSILON
} from './covariance-decoder.ts'
export type { CurveOptions } from './curve.ts'
export { DEFAULT_NORM_CAP, type DecoderOptions, type LinearDecoderOptions, linearDecoder } from './decoder.ts'
export { type Encoder, encode, preparing } from './encoder.ts'
export {
  EmptySurvivorsError,
  GroupSizeError,
  InvalidCodeError,
  InvalidProfileError,
  InvalidSurvivorsError,
  UnknownCodeError
} from './errors.ts'
export { distances, type Gram, gram, medianDistance, reorderGram } from './gram.ts'
export { isotonicMap, type MonotoneMap, mapped } from './isotonic.ts'
export { DEFAULT_LENGTH_SCALE, type KernelMomentsOptions, kernelMoments } from './kernel-moments.ts'
export { type LagrangeOptions, lagrange, lagrangeThreshold } from './lagrange.ts'
export { leverages } from './leverage.ts'
export {
  type CovarianceLocator,
  type CovarianceLocatorOptions,
  covarianceLocator,
  honestThreshold,
  LOCATOR_EPSILON,
  type Suspects
} from './locate-covariance.ts'
export { locateRational, type RationalLocation } from './locate-rational.ts'
export { floatsOf, readingVectors, type Vectors } from './mixtures.ts'
export { type Moments, type Outputs, secondMoments } from './moments.ts'
export { type NerccOptions, nercc } from './nercc.ts'
export type { LinearDecoder, Operator } from './operator.ts'
export { type OrderKind, orderByGram, ordering, orderQueries, reorder, restoreOrder } from './order.ts'
export { mostParities, type ParmOptions, parm } from './parm.ts'
export type { CodingPoints, Layout } from './points.ts'
export {
  type Calibrated,
  type CalibratedCode,
  type CalibratedLocator,
  type ChosenDecoder,
  type Expected,
  nearest,
  type Profile,
  profileCode,
  profileDecoder,
  profileLocator
} from './profile.ts'
export { formatProfile, parseProfile } from './profile-json.ts'
export { agreementScore, type ExpectedQuality, expectedQuality, type Reliability } from './quality.ts'
export { type CodeFamily, type CodeName, type CodeOptions, codeFamily, codes } from './registry.ts'
export { regret } from './regret.ts'
export { type ReplicationOptions, replication } from './replication.ts'
export { type Sliced, whole } from './sliced.ts'
export { softmax } from './softmax.ts'
export { temperedSoftmax } from './tempered.ts'
export { type UncodedOptions, uncoded } from './uncoded.ts'
export { unitColumn } from './unit-row.ts'
