import { type Advice, advise, type Stragglers } from '../src/advisor/index.ts'
import type { Model } from '../src/models/index.ts'
import type { CodedOptions, NamedCode } from './coded-inference.ts'
import { InvalidOptionError } from './errors.ts'
import { checkProfiled, planOptions } from './profiled.ts'

/** A number of stragglers as it is asked for: a share below 1, else so many workers. */
export function stragglersOf(asked: number): Stragglers {
  return asked < 1 ? { share: asked } : { count: asked }
}

/**
 * The options with the code that the advisor recommends for so many workers, and why.
 *
 * @throws {InvalidOptionError} there is no profile, or nothing is said of stragglers
 * @throws {ProfileMismatchError} the profile is of another model
 * @throws {InvalidFleetError | NoAdviceError} as `advise` does
 */
export function advised(
  options: CodedOptions,
  model: Model,
  workers: number
): { options: CodedOptions & { code: NamedCode }; advice: Advice } {
  const { profile, stragglers, student, k, n } = options
  if (profile === undefined || stragglers === undefined) {
    throw new InvalidOptionError(
      `code 'auto' compares plans of a profile at some stragglers: give ${profile === undefined ? 'a profile' : 'stragglers'}`
    )
  }
  checkProfiled(profile, model)
  const advice = advise({ profile, student, fleet: { workers, stragglers: stragglersOf(stragglers) }, k, n })
  const { code, order, calibrated, student: asksStudent, stragglers: planned } = advice.recommended
  const { k: size, n: coded, ...choice } = code
  const plan =
    calibrated === undefined
      ? { k: size, n: coded, code: choice, order, profile: undefined }
      : { ...planOptions(calibrated), profile }
  return {
    options: { ...options, ...plan, student: asksStudent && student, output: profile.output, stragglers: planned },
    advice
  }
}
