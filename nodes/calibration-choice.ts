import type { Random } from '../src/chance/index.ts'
import {
  type CalibratedCode,
  type ChosenDecoder,
  covarianceDecoder,
  type LinearDecoder,
  linearDecoder,
  type Moments,
  type Outputs,
  profileCode,
  type Survivors
} from '../src/codes/index.ts'
import type { CodedGroup } from './calibration-groups.ts'
import { drawSurvivors, type Judge, score, survivorCounts } from './calibration-score.ts'

const LAMBDAS_ENCODE = [0, 1e-6, 1e-5]
const LAMBDAS_DECODE = [0, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2]
const EPSILONS = [1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2]
/** Choices are made for these shares of survivors; near 1 every choice is good. */
const TUNED_SHARES = [0.25, 0.5, 0.75]

/** A code, and the tuning groups coded by it. */
export interface Candidate {
  code: CalibratedCode['code']
  groups: readonly CodedGroup[]
}

/** The candidate that was chosen, and its errors under the code's own decoder. */
export interface Chosen extends Candidate {
  errors: Errors
}

/** How candidates are compared. */
export interface Comparison {
  /** Survivor sets, for each number of survivors that is tuned for. */
  sets: ReadonlyArray<readonly Survivors[]>
  judge: Judge
  /** Called before each candidate: lets others run, and ends where the caller gave up. */
  pause(): Promise<void>
}

/** The squared error for each number of survivors that is tuned for; `undefined` where nothing is reconstructed. */
type Errors = ReadonlyArray<number | undefined>

/** Survivor sets for each number of survivors that is tuned for. */
export function tunedSurvivors(n: number, sets: number, chance: Random): Survivors[][] {
  return survivorCounts(TUNED_SHARES, n).map(survivors => drawSurvivors(n, survivors, sets, chance))
}

/** The code with every λ_e to choose from, if it smooths and none was given. */
export function withLambdasEncode(code: CalibratedCode['code']): CalibratedCode['code'][] {
  return code.name === 'nercc' && code.lambdaEncode === undefined
    ? LAMBDAS_ENCODE.map(lambdaEncode => ({ ...code, lambdaEncode }))
    : [code]
}

/** The candidate, with the λ_d where none was given, that the code's own decoder errs least with. */
export async function chooseCode(candidates: readonly Candidate[], comparison: Comparison): Promise<Chosen> {
  const chosen: Chosen[] = []
  for (const { code, groups } of candidates.flatMap(withLambdasDecode)) {
    const errors = await errorsOf(linearDecoder(profileCode({ code })), groups, comparison)
    chosen.push({ code, groups, errors })
  }
  return least(chosen, ({ errors }) => geometricMean(errors))
}

/** For each number of survivors that is tuned for: ε, and whether the covariance decoder errs less with it than the code's own. */
export async function chooseDecoders(
  { code, groups, errors: own }: Chosen,
  moments: Moments,
  comparison: Comparison,
  only?: ChosenDecoder['decoder']
): Promise<ChosenDecoder[]> {
  const candidates: Array<{ epsilon: number; errors: Errors }> = []
  for (const epsilon of EPSILONS) {
    const decoder = covarianceDecoder({ code: profileCode({ code }), moments, epsilon })
    candidates.push({ epsilon, errors: await errorsOf(decoder, groups, comparison) })
  }
  return comparison.sets.map(([{ length: survivors }], i) => {
    const { epsilon, errors } = least(candidates, candidate => candidate.errors[i] ?? Infinity)
    const linear = (own[i] ?? Infinity) <= (errors[i] ?? Infinity) && own[i] !== undefined
    return { survivors, decoder: only ?? (linear ? 'linear' : 'covariance'), epsilon }
  })
}

/**
 * What the outputs of a model are: probabilities are at least 0 and sum to 1; logits are told by their name, or because they are
 * of classes and no probabilities.
 *
 * @param classes the model is known to tell classes apart
 */
export function outputsOf(output: string, predictions: readonly Float32Array[], { classes = false } = {}): Outputs {
  if (output === 'logits') {
    return 'logits'
  }
  if (predictions.every(isDistribution)) {
    return 'probabilities'
  }
  return classes ? 'logits' : 'values'
}

/** What each output is on average. */
export function meanOf(predictions: readonly Float32Array[]): Float64Array {
  const mean = new Float64Array(predictions[0].length)
  for (const prediction of predictions) {
    prediction.forEach((value, c) => {
      mean[c] += value / predictions.length
    })
  }
  return mean
}

/** λ_d does not encode, so that the groups stay the same. */
function withLambdasDecode({ code, groups }: Candidate): Candidate[] {
  return code.name === 'nercc' && code.lambdaDecode === undefined
    ? LAMBDAS_DECODE.map(lambdaDecode => ({ code: { ...code, lambdaDecode }, groups }))
    : [{ code, groups }]
}

async function errorsOf(
  decoder: LinearDecoder,
  groups: readonly CodedGroup[],
  { sets, judge, pause }: Comparison
): Promise<Errors> {
  await pause()
  return sets.map(some => score(decoder, some, groups, judge).mse)
}

/** Over those that there are; ∞ where there is none. Errors of few and of many survivors differ by orders of magnitude. */
function geometricMean(errors: Errors): number {
  const logs = errors.filter(isGiven).map(error => Math.log(Math.max(error, Number.MIN_VALUE)))
  return logs.length === 0 ? Infinity : Math.exp(logs.reduce((sum, value) => sum + value, 0) / logs.length)
}

function isGiven(error: number | undefined): error is number {
  return error !== undefined
}

function isDistribution(values: Float32Array): boolean {
  const sum = values.reduce((total, value) => total + value, 0)
  return values.length > 1 && values.every(value => value >= 0) && Math.abs(sum - 1) < 1e-2
}

/** The candidate with the least value, the first of equal ones. */
function least<T>(candidates: readonly T[], of: (candidate: T) => number): T {
  const values = candidates.map(of)
  const smallest = values.reduce((a, b) => Math.min(a, b))
  return candidates[Math.max(0, values.indexOf(smallest))]
}
