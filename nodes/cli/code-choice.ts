import { codeFamily, type Layout } from '../../src/codes/index.ts'
import type { Model } from '../../src/models/index.ts'
import { ASSUMED_LATE, advised } from '../advised.ts'
import type { CodedOptions, NamedCode } from '../coded-inference.ts'
import { parityOptions, requireParities } from '../parities.ts'
import { chosenPlan, planOptions } from '../profiled.ts'
import { UsageError } from './errors.ts'
import type { InferCommandOptions } from './infer.ts'

/** What is known of the model and of its companions. */
export type Learned = Pick<CodedOptions, 'profile' | 'student' | 'parity' | 'description' | 'exits'>

/** How to ask, as far as it can be known before workers are. */
export interface Choice {
  /** How many workers are worth waiting for. */
  n: number
  /** All of it, once the model and the number of its workers are known; and why, where the advisor chose. */
  at(model: Model, workers: number): { coded: CodedOptions & { code: NamedCode }; reason?: string }
}

/**
 * @throws {UnknownCodeError | InvalidCodeError | ProfileMismatchError | InvalidOptionError} there is no such code or plan
 * @throws {UsageError} `auto` with nothing to choose by, or with an option that says what is to be chosen
 */
export function codeChoice(options: InferCommandOptions, learned: Learned): Choice {
  const { profile, parity } = learned
  const { stragglers, quality, maxWrong, hedge: after, hedgeBudget: budget, deadline, onDeadline, k, n } = options
  const hedge = after === undefined ? undefined : { after, budget }
  const how = { ...learned, stragglers, quality, maxWrong, hedge, deadline, onDeadline }
  if (options.code !== 'auto') {
    const plan = coding(options, { profile, parity })
    // Where nothing says how many coded queries there are, the master sends as few as are enough.
    const settled = { ...plan, n: (profile ?? parity) === undefined ? n : plan.n }
    return { n: plan.n, at: model => ({ coded: { model: model.id, ...how, ...settled } }) }
  }
  checkAuto(options)
  return {
    n: Number.POSITIVE_INFINITY,
    at(model, workers) {
      // This process has measured nothing yet.
      const { options: coded, advice } = advised({ model: model.id, ...how, k, n }, model, { workers })
      return { coded, reason: stragglers === undefined ? `${advice.reason}${ASSUMED}` : advice.reason }
    }
  }
}

const ASSUMED = `; ${100 * ASSUMED_LATE}% is an assumption: say it with --stragglers`

function checkAuto({ profile, ...options }: InferCommandOptions): void {
  if (profile === undefined) {
    throw new UsageError('--code auto compares the plans of --profile <file>: give one')
  }
  const { order, systematic, lambdaEncode, lambdaDecode, degree, output } = options
  const said = Object.entries({ order, systematic, lambdaEncode, lambdaDecode, degree, output })
  const [name] = said.find(([, value]) => value !== undefined) ?? []
  if (name !== undefined) {
    throw new UsageError(`--code auto chooses the code and its options: leave out ${name}`)
  }
}

function coding(options: InferCommandOptions, { profile, parity }: Pick<Learned, 'profile' | 'parity'>) {
  const { order, output, systematic, lambdaEncode, lambdaDecode, degree } = options
  const name = options.code === undefined ? undefined : codeFamily(options.code).name
  const layout = systematic === undefined ? undefined : layoutOf(systematic)
  const wish = { name, lambdaEncode, lambdaDecode, degree, layout }
  if (profile !== undefined) {
    const plan = chosenPlan(profile, { k: options.k, n: options.n, order, output, code: wish })
    return { ...planOptions(plan), output: profile.output }
  }
  if (parity !== undefined) {
    return { ...parityOptions(parity, { code: name, k: options.k, n: options.n, output }), order }
  }
  requireParities(name, parity)
  const code = { ...wish, name: name ?? 'replication' }
  const family = codeFamily(code.name)
  const { k = 4, n = family.maximumN?.(k) ?? 2 * k } = options
  family.create({ ...code, k, n })
  return { k, n, code, order, output }
}

function layoutOf(systematic: boolean): Layout {
  return systematic ? 'systematic' : 'paper'
}
