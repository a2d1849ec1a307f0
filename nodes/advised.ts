import { type Advice, advise, type Stragglers } from '../src/advisor/index.ts'
import type { Model } from '../src/models/index.ts'
import type { CodedOptions, NamedCode } from './coded-inference.ts'
import { InvalidOptionError } from './errors.ts'
import { LearningStudent } from './learning-student.ts'
import { checkProfiled, planOptions } from './profiled.ts'

/** A number of stragglers as it is asked for: a share below 1, else so many workers. */
export function stragglersOf(asked: number): Stragglers {
  return asked < 1 ? { share: asked } : { count: asked }
}

/** The share of workers that are taken to be late where nobody says it and nothing is measured. */
export const ASSUMED_LATE = 0.1

/**
 * The options with the code that the advisor recommends for so many workers, and why. Where the options do not say how many
 * straggle, it is `late`: the share of answers that come too late as far as it is known, or else {@link ASSUMED_LATE}.
 *
 * @throws {InvalidOptionError} there is no profile
 * @throws {ProfileMismatchError} the profile is of another model
 * @throws {InvalidFleetError | NoAdviceError} as `advise` does
 */
export function advised(
  options: CodedOptions,
  model: Model,
  { workers, late = ASSUMED_LATE }: { workers: number; late?: number }
): { options: CodedOptions & { code: NamedCode }; advice: Advice } {
  const { profile, stragglers, student, k, n } = options
  if (profile === undefined) {
    throw new InvalidOptionError(`code 'auto' compares the plans of a profile: give one`)
  }
  if (student instanceof LearningStudent) {
    throw new InvalidOptionError(
      `code 'auto' asks what a student is worth before it is used, and one that learns does not know: give the profile of one, or a code`
    )
  }
  checkProfiled(profile, model)
  const expected = stragglers === undefined ? { share: late } : stragglersOf(stragglers)
  const advice = advise({ profile, student, fleet: { workers, stragglers: expected }, k, n })
  const { code, order, calibrated, student: asksStudent, stragglers: planned } = advice.recommended
  const { k: size, n: coded, ...choice } = code
  const plan =
    calibrated === undefined
      ? { k: size, n: coded, code: choice, order, profile: undefined }
      : { ...planOptions(calibrated), profile }
  // Descriptions stand beside copies.
  const side = {
    student: asksStudent && student,
    description: calibrated === undefined ? options.description : undefined
  }
  return { options: { ...options, ...plan, ...side, output: profile.output, stragglers: planned }, advice }
}
