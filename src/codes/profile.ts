import { cachedDecoder } from './cached-decoder.ts'
import type { LinearCode } from './code.ts'
import { covarianceDecoder } from './covariance-decoder.ts'
import { linearDecoder } from './decoder.ts'
import { type CovarianceLocator, covarianceLocator } from './locate-covariance.ts'
import type { Moments, Outputs } from './moments.ts'
import type { LinearDecoder } from './operator.ts'
import type { OrderKind } from './order.ts'
import type { Reliability } from './quality.ts'
import { type CodeName, type CodeOptions, codeFamily } from './registry.ts'

/** What calibration learned of one output of one model, under one code or several. */
export interface Profile {
  version: 2
  /** The content id of the model, the sha-256 of its file: the profile means nothing for another. */
  model: string
  /** The output of the model that is decoded. */
  output: string
  /** What that output is; the same as in the moments of each plan. */
  outputs: Outputs
  /** How many values that output has for one query: of a classifier, its classes. */
  width: number
  /** Bytes of one query, as it or a coded query is sent. */
  queryBytes: number
  /** With labels: the share of the queries scored whose class the model itself has right. */
  accuracy?: number
  /** At least one; no two of the same code, options and order. */
  plans: readonly CalibratedCode[]
  calibration: Calibrated
}

/** What calibration learned under one code: how to decode, and how good the predictions are to be expected. */
export interface CalibratedCode {
  code: CodeOptions & { name: CodeName }
  order: OrderKind
  /** The best decoder for some numbers of survivors, ascending; others take that of the nearest. */
  decoders: readonly ChosenDecoder[]
  moments: Moments
  /** How far its variances can be trusted, for some numbers of survivors, ascending. */
  reliability: readonly Reliability[]
  locator: CalibratedLocator
  /** One for each number of survivors from 1 to n, ascending. */
  expected: readonly Expected[]
}

/** The decoder that was the better one on the groups it was chosen on. */
export interface ChosenDecoder {
  survivors: number
  decoder: 'covariance' | 'linear'
  /** ε of the covariance decoder. */
  epsilon: number
}

/** How wrong results are told from honest ones. */
export interface CalibratedLocator {
  /** A score above which a result is suspected; see {@link covarianceLocator}. */
  threshold: number
  /** The share of honest results that were left out on groups held back, where one in twenty might be. */
  falseAlarms: number
}

/**
 * What the predictions of full groups with this many survivors are like, on groups that nothing was learned or chosen on,
 * any coded queries equally likely to survive. Exact, lost and reconstructed predictions are all of them.
 */
export interface Expected {
  survivors: number
  /** The share that is the model's own result. */
  exact: number
  /** The share that cannot be given. */
  lost: number
  /**
   * Of those reconstructed: ‖p − f‖² summed over outputs, mean over predictions, in the output's own units; logits without
   * their class mean. Like the others of them, absent where nothing is reconstructed.
   */
  mse?: number
  /** For classifiers, of those reconstructed: the share whose class is the one that the model itself gives. */
  agreement?: number
  /** For classifiers with labels, of those reconstructed: the share whose class is right. */
  accuracy?: number
}

/** How many groups each plan of a profile rests on. No query is in groups of two kinds. */
export interface Calibrated {
  /** Groups that the moments were learned on. */
  groups: number
  /** Groups that λ_e, λ_d, ε, decoders, their reliability and the threshold of the locator were chosen on. */
  tuning: number
  /** Groups that `expected` was measured on. */
  heldBack: number
  seed: number
}

/** The code that was calibrated. */
export function profileCode({ code: { name, ...options } }: Pick<CalibratedCode, 'code'>): LinearCode {
  return codeFamily(name).create(options)
}

/** The decoder of full groups that calibration chose, with the operators of the survivor sets used last. */
export function profileDecoder(plan: Pick<CalibratedCode, 'code' | 'decoders' | 'moments'>): LinearDecoder {
  const code = profileCode(plan)
  const { decoders, moments } = plan
  const made = decoders.map(({ survivors, decoder, epsilon }) => ({
    survivors,
    decoder: decoder === 'linear' ? linearDecoder(code, { moments }) : covarianceDecoder({ code, moments, epsilon })
  }))
  return cachedDecoder({ select: survivors => nearest(made, survivors.length).decoder.select(survivors) })
}

/** Of those that are known for some numbers of survivors, the one of the nearest number; of equally near ones the first. */
export function nearest<T extends { survivors: number }>(known: readonly T[], survivors: number): T {
  const distance = (each: T) => Math.abs(each.survivors - survivors)
  return known.reduce((a, b) => (distance(b) < distance(a) ? b : a))
}

/** Finds up to `errors` wrong results in full groups. */
export function profileLocator(
  plan: Pick<CalibratedCode, 'code' | 'moments' | 'locator'>,
  errors: number
): CovarianceLocator {
  return covarianceLocator({
    code: profileCode(plan),
    moments: plan.moments,
    errors,
    threshold: plan.locator.threshold
  })
}
