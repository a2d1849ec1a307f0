import { codeFamily } from '../src/codes/index.ts'
import { type Companion, type Millis, type PlanSpec, planSpec, type Side } from '../src/inference/index.ts'
import type { Model } from '../src/models/index.ts'
import type { CodedOptions } from './coded-inference.ts'
import { descriptionOf } from './descriptions.ts'
import { InvalidOptionError } from './errors.ts'
import { exitsOf } from './exits.ts'
import { LearningStudent } from './learning-student.ts'
import { parityPlan, requireParities } from './parities.ts'
import { calibratedPlan, checkProfiled } from './profiled.ts'
import { chooseOutput } from './queries.ts'
import { ownStudent } from './student-companion.ts'

/** What a plan needs to know beside how it is asked for. */
export interface PlanningInit extends Pick<Partial<PlanSpec>, 'refine' | 'maxWait' | 'features'> {
  /** The small models that the master can run by itself. */
  companions: readonly Model[]
  /** Time of the deadline that is over. */
  spent?: Millis
}

/**
 * The plan that options ask for, with their defaults.
 *
 * @throws {InvalidCodeError | InvalidPlanError | UnknownCodeError | InvalidOptionError | ProfileMismatchError} bad options
 */
export function planned(
  { code = 'replication', k = 4, n, deadline = 1000, output, profile, parity, ...rest }: CodedOptions,
  model: Model,
  { companions, spent = 0, ...more }: PlanningInit
): PlanSpec {
  if (profile !== undefined) {
    checkProfiled(profile, model)
  }
  const { name, ...codeOptions } = typeof code === 'string' ? { name: code } : code
  const family = codeFamily(name)
  requireParities(name, parity)
  const init = {
    model: model.id,
    output: chooseOutput(model, family, output ?? learnedOutput(rest)),
    code: family,
    codeOptions,
    k,
    n: n ?? family.maximumN?.(k) ?? 2 * k,
    deadline: Math.max(deadline - spent, 1)
  }
  const { stragglers, onDeadline, order, quality, maxWrong, hedge, fewest } = rest
  const calibrated = profile && calibratedPlan(profile, { k, n, order, code: { name, ...codeOptions } })
  const side = sideOf(rest, { model, output: init.output, companions })
  const options = {
    stragglers,
    onDeadline,
    order,
    quality,
    maxWrong,
    hedge,
    calibrated,
    side,
    fewest: fewest ?? (asksForNothing({ ...rest, n, side, profile, parity }) && more.refine !== 'until-deadline'),
    ...(parity && parityPlan(parity, model, companions)),
    ...more
  }
  return planSpec({ ...init, ...defined(options) })
}

/** Does a caller leave it to the master how many tasks a group has? */
function asksForNothing(asked: Omit<CodedOptions, 'model'> & { side: Side | undefined }): boolean {
  const { n, stragglers, quality, maxWrong, hedge, side, profile, parity } = asked
  return [n, stragglers, quality, maxWrong, hedge, side, profile, parity].every(option => option === undefined)
}

type Sides = Pick<CodedOptions, 'student' | 'description' | 'exits' | 'rescue'>

/** The output that what helps beside copies has learned. */
function learnedOutput({ student, description, exits }: Sides): string | undefined {
  return (student instanceof LearningStudent ? undefined : student?.output) ?? (description ?? exits)?.output
}

function studentOf(
  student: NonNullable<CodedOptions['student']>,
  among: { model: Model; output: string; companions: readonly Model[] }
): Companion {
  return student instanceof LearningStudent ? student.companionFor(among) : ownStudent(student, among)
}

/** What helps beside copies, if anything that does is asked for. */
function sideOf(
  { student, description, exits, rescue = false }: Sides,
  asked: { model: Model; output: string; companions: readonly Model[] }
): Side | undefined {
  const { model, companions } = asked
  if (rescue && companions.every(({ id }) => id !== model.id)) {
    throw new InvalidOptionError(
      `to rescue queries this peer runs '${model.name}' by itself: start it with that model, ${model.id.slice(0, 12)}, among its companions`
    )
  }
  if ((student ?? description ?? exits) === undefined && !rescue) {
    return undefined
  }
  return {
    ...(student && { student: studentOf(student, asked) }),
    ...(description && { description: descriptionOf(description, asked) }),
    ...(exits && { exits: exitsOf(exits, asked) }),
    ...(rescue && { rescue })
  }
}

/** Without the entries that are `undefined`, so that they do not hide defaults. */
function defined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>
}
