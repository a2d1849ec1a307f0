import { type Advice, type AdvisedPlan, advise, type Stragglers } from '../src/advisor/index.ts'
import type { Profile } from '../src/codes/index.ts'
import type { Model } from '../src/models/index.ts'
import type {
  DescriptionProfile,
  ExitsProfile,
  ParityProfile,
  ShrunkProfile,
  StudentProfile
} from '../src/profiles/index.ts'
import type { CodedOptions, NamedCode } from './coded-inference.ts'
import { descriptionFacts } from './descriptions.ts'
import { InvalidOptionError, ProfileMismatchError } from './errors.ts'
import { exitsFacts, type LateShare } from './exits.ts'
import { LearningStudent } from './learning-student.ts'
import { parityFacts, parityOptions } from './parities.ts'
import { checkProfiled, planOptions } from './profiled.ts'

/** A number of stragglers as it is asked for: a share below 1, else so many workers. */
export function stragglersOf(asked: number): Stragglers {
  return asked < 1 ? { share: asked } : { count: asked }
}

/** The share of workers that are taken to be late where nobody says it and nothing is measured. */
export const ASSUMED_LATE = 0.1

/** Profiles of companions of one model. */
export interface CompanionProfiles {
  student?: StudentProfile
  description?: DescriptionProfile | ShrunkProfile
  exits?: ExitsProfile
  parity?: ParityProfile
}

/**
 * What the advisor is to know of companions.
 *
 * @param profile of the deployed model
 * @param late by which it is told how far stragglers get
 * @throws {ProfileMismatchError} one is of another model
 */
export function companionFacts(
  { student, description, exits, parity }: CompanionProfiles,
  { model, output }: Pick<Profile, 'model' | 'output'>,
  late: LateShare
) {
  const other = [student, description, exits, parity].find(each => each !== undefined && each.model !== model)
  if (other !== undefined) {
    throw new ProfileMismatchError(
      `a companion is of the model ${other.model.slice(0, 12)}, and the plans are of ${model.slice(0, 12)}: calibrate it for this one`
    )
  }
  return {
    student,
    description: description && descriptionFacts(description),
    exits: exits && exitsFacts(exits, late),
    parity: parity && parityFacts(parity, output)
  }
}

/**
 * The options with the code that the advisor recommends for so many workers, and why. Where the options do not say how many
 * straggle, it is the share of answers that are `late`, as far as that is known, or else {@link ASSUMED_LATE}.
 *
 * @throws {InvalidOptionError} there is no profile
 * @throws {ProfileMismatchError} the profile is of another model, or that of a companion is
 * @throws {InvalidFleetError | NoAdviceError} as `advise` does
 */
export function advised(
  options: CodedOptions,
  model: Model,
  { workers, late = () => undefined }: { workers: number; late?: LateShare }
): { options: CodedOptions & { code: NamedCode }; advice: Advice } {
  const { profile, stragglers, student, description, exits, parity, k, n } = options
  if (profile === undefined) {
    throw new InvalidOptionError(`code 'auto' compares the plans of a profile: give one`)
  }
  if (student instanceof LearningStudent) {
    throw new InvalidOptionError(
      `code 'auto' asks what a student is worth before it is used, and one that learns does not know: give the profile of one, or a code`
    )
  }
  checkProfiled(profile, model)
  const expected = stragglers === undefined ? { share: late(1) ?? ASSUMED_LATE } : stragglersOf(stragglers)
  const companions = companionFacts({ student, description, exits, parity }, profile, late)
  const advice = advise({ profile, ...companions, fleet: { workers, stragglers: expected }, k, n })
  const { recommended } = advice
  const side = { student: recommended.student && student, description: recommended.description && description }
  const planned = { ...options, ...side, stragglers: recommended.stragglers }
  const coded = planOf(recommended, { profile, parity })
  // What exits say stands beside copies, and costs nothing where nobody knows what it is worth.
  const copied = coded.code.name === 'replication'
  return { options: { ...planned, ...coded, exits: copied ? exits : undefined }, advice }
}

/** The code that is recommended, with what decodes it. */
function planOf(
  { code, order, calibrated }: AdvisedPlan,
  { profile, parity }: { profile: Profile; parity?: ParityProfile }
) {
  const { k, n, ...choice } = code
  const { output } = profile
  if (calibrated !== undefined) return { ...planOptions(calibrated), profile, parity: undefined, output }
  if (choice.name === 'parm' && parity !== undefined)
    return { ...parityOptions(parity, {}), profile: undefined, parity }
  return { k, n, code: choice, order, profile: undefined, parity: undefined, output }
}
