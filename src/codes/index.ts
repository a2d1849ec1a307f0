/**
 * @packageDocumentation
 *
 * Codes: how K queries become N coded queries, and how the results of any survivors become K predictions. One file per
 * code, one interface ({@link LinearCode}), one registry. Matrices are pure and can be checked against golden vectors;
 * numerical guards are options of the decoder. Imports only `tensor`; nothing here knows of networks or of time.
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
export type { LinearCode, Survivors } from './code.ts'
export type { CurveOptions } from './curve.ts'
export { DEFAULT_NORM_CAP, type DecoderOptions, type LinearDecoder, linearDecoder, type Operator } from './decoder.ts'
export { encode } from './encoder.ts'
export {
  EmptySurvivorsError,
  GroupSizeError,
  InvalidCodeError,
  InvalidSurvivorsError,
  UnknownCodeError
} from './errors.ts'
export { type LagrangeOptions, lagrange, lagrangeThreshold } from './lagrange.ts'
export { type NerccOptions, nercc } from './nercc.ts'
export type { CodingPoints, Layout } from './points.ts'
export { type CodeFamily, type CodeName, type CodeOptions, codeFamily, codes } from './registry.ts'
export { type ReplicationOptions, replication } from './replication.ts'
export { type UncodedOptions, uncoded } from './uncoded.ts'
export { unitColumn } from './unit-row.ts'
