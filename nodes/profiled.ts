import { formatProfile, type Profile, profileDecoder } from '../src/codes/index.ts'
import type { CalibratedPlan } from '../src/inference/index.ts'
import { contentId, type Model } from '../src/models/index.ts'
import type { InferOptions } from './coded-inference.ts'
import { ProfileMismatchError } from './errors.ts'

/**
 * The options with what their profile says; without a profile as they are.
 *
 * @throws {ProfileMismatchError} an option says otherwise
 */
export function withProfile<T extends InferOptions>(options: T): T {
  const { profile } = options
  if (profile === undefined) {
    return options
  }
  const { code, order, output } = profile
  const { k, n } = code
  const asked = typeof options.code === 'string' ? { name: options.code } : options.code
  const given: Record<string, unknown> = { k: options.k, n: options.n, order: options.order, output: options.output }
  const said: Record<string, unknown> = { ...code, order, output }
  for (const [name, value] of Object.entries({ ...given, ...asked })) {
    if (value !== undefined && value !== said[name]) {
      const what = name === 'name' ? 'code' : name
      throw new ProfileMismatchError(
        `the profile was calibrated for ${what} ${said[name] ?? 'not given'}, and ${value} is asked for: leave ${what} out, or calibrate for it`
      )
    }
  }
  const { k: _k, n: _n, ...choice } = code
  return { ...options, k, n, code: choice, order, output }
}

/** @throws {ProfileMismatchError} the profile is of another model */
export function checkProfiled({ model: calibrated }: Profile, { id, name }: Model): void {
  if (calibrated !== id) {
    throw new ProfileMismatchError(
      `the profile is of the model ${calibrated.slice(0, 12)}, and '${name}' is ${id.slice(0, 12)}: calibrate this model`
    )
  }
}

/** The decoder of each profile in use, with the operators that it keeps: one for all calls that give the same object. */
const made = new WeakMap<Profile, CalibratedPlan>()

/** How a plan uses a profile, which must not be changed any more. */
export function calibratedPlan(profile: Profile): CalibratedPlan {
  const known = made.get(profile)
  if (known !== undefined) {
    return known
  }
  const id = contentId(new TextEncoder().encode(formatProfile(profile)))
  const plan = { id, decoder: profileDecoder(profile), expected: profile.expected }
  made.set(profile, plan)
  return plan
}
