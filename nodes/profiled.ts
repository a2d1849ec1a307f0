import {
  type CalibratedCode,
  type CovarianceLocator,
  codeFamily,
  expectedQuality,
  formatProfile,
  type Profile,
  profileDecoder,
  profileLocator
} from '../src/codes/index.ts'
import type { CalibratedPlan } from '../src/inference/index.ts'
import { contentId, type Model } from '../src/models/index.ts'
import { floats } from './calibration-groups.ts'
import type { CodedOptions, InferOptions, NamedCode } from './coded-inference.ts'
import { ProfileMismatchError } from './errors.ts'

/**
 * The options with what the plan of their profile says that they choose; without a profile as they are.
 *
 * @throws {ProfileMismatchError} no plan of the profile is what they ask for, or several are
 */
export function withProfile(options: CodedOptions): CodedOptions {
  const { profile } = options
  if (profile === undefined) {
    return options
  }
  const { code: choice } = options
  const code = typeof choice === 'string' ? { name: choice } : choice
  return { ...options, ...planOptions(chosenPlan(profile, { ...options, code })), output: profile.output }
}

/** What a plan of a profile is chosen by. */
export type PlanWish = Pick<InferOptions, 'k' | 'n' | 'order' | 'output'> & {
  code?: Partial<NamedCode>
}

/**
 * The one plan of the profile that fits the options: those that are given say the same as it does.
 *
 * @throws {ProfileMismatchError} none fits, or several do
 */
export function chosenPlan(profile: Profile, { k, n, code, order, output }: PlanWish): CalibratedCode {
  if (output !== undefined && output !== profile.output) {
    throw new ProfileMismatchError(
      `the profile is of output ${profile.output}, and ${output} is asked for: leave output out, or calibrate for it`
    )
  }
  const given = Object.entries({ ...code, k, n, order }).filter(([, value]) => value !== undefined)
  const fitting = profile.plans.filter(plan => {
    const { code, ...rest } = planOptions(plan)
    const says: Record<string, unknown> = { ...code, ...rest }
    return given.every(([name, value]) => says[name] === value)
  })
  if (fitting.length === 1) {
    return fitting[0]
  }
  const asked = given.map(([name, value]) => `${name === 'name' ? 'code' : name} ${value}`).join(', ')
  const there = profile.plans.map(planText).join('; ')
  throw new ProfileMismatchError(
    fitting.length === 0
      ? `no plan of the profile has ${asked}; it has: ${there}`
      : `${fitting.length} plans of the profile have ${asked || 'nothing said of them'}: say which; it has: ${there}`
  )
}

/** A plan as it is asked for, its layout said. */
export function planOptions({ code, order }: CalibratedCode) {
  const { k, n, ...choice } = code
  return { k, n, order, code: { ...choice, layout: choice.layout ?? codeFamily(choice.name).layouts[0] } }
}

/** A plan in the words in which it is asked for. */
export function planText({ code: { name, k, n, layout }, order }: CalibratedCode): string {
  return `${layout === 'systematic' ? 'systematic ' : ''}${name} (k ${k}, n ${n}), order ${order}`
}

/** @throws {ProfileMismatchError} the profile is of another model */
export function checkProfiled({ model: calibrated }: Profile, { id, name }: Model): void {
  if (calibrated !== id) {
    throw new ProfileMismatchError(
      `the profile is of the model ${calibrated.slice(0, 12)}, and '${name}' is ${id.slice(0, 12)}: calibrate this model`
    )
  }
}

/** The decoder of each plan in use, with the operators that it keeps: one for all calls that give the same profile. */
const made = new WeakMap<CalibratedCode, CalibratedPlan>()

/** How a group is decoded by a plan of a profile, which must not be changed any more. */
export function calibratedPlan(profile: Profile, wish: PlanWish): CalibratedPlan {
  const plan = chosenPlan(profile, wish)
  const known = made.get(plan)
  if (known !== undefined) {
    return known
  }
  const locators = new Map<number, CovarianceLocator>()
  const calibrated: CalibratedPlan = {
    id: contentId(new TextEncoder().encode(formatProfile({ ...profile, plans: [plan] }))),
    decoder: profileDecoder(plan),
    assess: (operator, predictions) => expectedQuality(plan.reliability, operator, predictions),
    suspects(survivors, results, most) {
      const locator = locators.get(most) ?? profileLocator(plan, most)
      locators.set(most, locator)
      return locator.locate(survivors, results.map(floats)).wrong
    }
  }
  made.set(plan, calibrated)
  return calibrated
}
