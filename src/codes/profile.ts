import { cachedDecoder } from './cached-decoder.ts'
import type { LinearCode } from './code.ts'
import { covarianceDecoder } from './covariance-decoder.ts'
import { linearDecoder } from './decoder.ts'
import type { Moments, Outputs } from './moments.ts'
import type { LinearDecoder } from './operator.ts'
import type { OrderKind } from './order.ts'
import { type CodeName, type CodeOptions, codeFamily } from './registry.ts'

/** What calibration learned of one model under one code: how to decode, and how good the predictions are to be expected. */
export interface Profile {
  version: 1
  /** The content id of the model, the sha-256 of its file: the profile means nothing for another. */
  model: string
  /** The output of the model that is decoded. */
  output: string
  /** What that output is; the same as in `moments`. */
  outputs: Outputs
  code: CodeOptions & { name: CodeName }
  order: OrderKind
  /** The decoder that was the better one on the groups it was chosen on. */
  decoder: 'covariance' | 'linear'
  /** ε of the covariance decoder. */
  epsilon: number
  moments: Moments
  /** Ascending by survivors; without the numbers of survivors that leave nothing to reconstruct, or cannot. */
  expected: readonly Expected[]
  calibration: Calibrated
}

/** What reconstructed predictions are like with this many survivors, on groups that nothing was learned or chosen on. */
export interface Expected {
  survivors: number
  /** ‖p − f‖² summed over outputs, mean over predictions, in the output's own units; logits without their class mean. */
  mse: number
  /** For classifiers: the share of predictions whose class is the one that the model itself gives. */
  agreement?: number
}

/** How many groups a profile rests on. No query is in groups of two kinds. */
export interface Calibrated {
  /** Groups that the moments were learned on. */
  groups: number
  /** Groups that λ_e, λ_d, ε and the decoder were chosen on. */
  tuning: number
  /** Groups that `expected` was measured on. */
  heldBack: number
  seed: number
}

/** The code that a profile was calibrated for. */
export function profileCode({ code: { name, ...options } }: Pick<Profile, 'code'>): LinearCode {
  return codeFamily(name).create(options)
}

/** The decoder of full groups that a profile says, with the operators of the survivor sets used last. */
export function profileDecoder(profile: Pick<Profile, 'code' | 'decoder' | 'moments' | 'epsilon'>): LinearDecoder {
  const code = profileCode(profile)
  const { decoder, moments, epsilon } = profile
  return cachedDecoder(decoder === 'linear' ? linearDecoder(code) : covarianceDecoder({ code, moments, epsilon }))
}
