import type { CalibratedCode, CodeName, CodeOptions, OrderKind, Profile } from '../codes/index.ts'
import { NoAdviceError } from './errors.ts'
import { type Bounds, type Forecast, forecast, plannedStragglers } from './forecast.ts'
import { calibratedOutcomes, copiedOutcomes, type OutcomesOf } from './outcome.ts'
import { type ParityFacts, parityOutcomes } from './parity.ts'
import { reason } from './reason.ts'
import { type SideFacts, sideOutcomes } from './side.ts'
import { type FleetFacts, requireFleet } from './stragglers.ts'

/** What advice rests on. */
export interface AdviseInit extends SideFacts {
  /** Its plans are compared with each other and with plain copies. */
  profile: Pick<Profile, 'outputs' | 'width' | 'queryBytes' | 'accuracy' | 'plans' | 'calibration'>
  fleet: FleetFacts
  /** Models that workers run on mixtures of a group. */
  parity?: ParityFacts
  /** Only plans with so many queries in a group. @default every K of the profile */
  k?: number
  /** Only plans with so many coded queries. */
  n?: number
}

/** A plan, and what it is worth in this fleet. */
export interface AdvisedPlan extends Forecast {
  code: CodeOptions & { name: CodeName }
  order: OrderKind
  /** How many coded queries of a group need not be answered: what to plan for. */
  stragglers: number
  /** Does the master ask the student, and send copies where that is least sure? */
  student?: true
  /** Are spare workers asked for descriptions where they are worth more than copies? */
  description?: true
  /** Does it count on what exits of the model say in time? */
  exits?: true
  /** Runs of the model for each query, N/K; a run of a companion by a worker counts as one, and what the student costs as such. */
  overhead: number
  /** Bytes sent for each query, of inputs. */
  bytes: number
  /** Of the overall regret, for only so many queries were scored; 0 for plans that only copy. */
  standardError: number
  /** What the profile has of it; absent for plans that only copy. */
  calibrated?: CalibratedCode
}

export interface Advice {
  /** The best first. */
  plans: AdvisedPlan[]
  recommended: AdvisedPlan
  /** Why, in one sentence. */
  reason: string
}

/** Plans that differ by less are equally good, and the cheapest of them is recommended. */
const EQUALLY_GOOD = 0.0025
/** Further copies are not looked at once less than this is lost. */
const NOTHING_LOST = 1e-4

/**
 * What every plan that fits a fleet is worth there, and which to take: the one with the fewest runs for each query among the
 * best. For classifiers the best is whose predictions name classes that the model itself holds for the most likely: each that is not its own
 * counts whole, or as far as is known what it costs, its regret. What was measured counts one
 * standard error less: what a few groups cannot tell is no reason to leave exact copies. Where there are no classes it
 * is whose squared error is least, in units of that of a guess.
 *
 * Plans are all that the profile has, uncoded, and replication with every N up to the number of workers (and every N that the
 * profile has), as far as a further copy gains anything; with a student, a description or both, the same beside them; where stragglers
 * get as far as exits of the model, copies with those, and in place of each of these the same with those; and parity models where
 * there is a worker for each. A companion of no use thus loses to copies alone, which cost no more.
 *
 * @throws {InvalidFleetError} there are no such workers or stragglers
 * @throws {NoAdviceError} no plan has this k and n
 */
export function advise({ profile, fleet, parity, k, n, ...beside }: AdviseInit): Advice {
  requireFleet(fleet)
  const { queryBytes, calibration } = profile
  const setting = { fleet, bounds: boundsOf(profile), queryBytes, scoredGroups: calibration.heldBack }
  const sizes = k === undefined ? [...new Set(profile.plans.map(({ code }) => code.k))] : [k]
  const most = Math.max(fleet.workers, ...profile.plans.map(({ code }) => code.n))
  const sides = sidesOf(beside)
  const plans = [
    ...profile.plans
      .filter(({ code }) => sizes.includes(code.k) && (n ?? code.n) === code.n)
      .map(calibrated => calibratedPlan(calibrated, setting)),
    ...sizes.flatMap(size => {
      const copies = { from: Math.max(n ?? 0, size), to: n ?? most }
      return [...copyingPlans(size, copies, setting), ...sides.flatMap(side => sidePlans(size, copies, side, setting))]
    }),
    ...parityPlans(parity, { k, n }, setting)
  ].sort((a, b) => score(b, setting) - score(a, setting) || a.overhead - b.overhead)
  const [best] = plans
  if (best === undefined) {
    const known = profile.plans.map(({ code }) => `(${code.k}, ${code.n})`).join(', ')
    throw new NoAdviceError(
      `no plan has k ${k ?? 'of any number'} and n ${n}: (k, n) of the profile are ${known}, copies take n ≥ k`
    )
  }
  const recommended = plans
    .filter(plan => score(plan, setting) >= score(best, setting) - EQUALLY_GOOD)
    .reduce((a, b) => (b.overhead < a.overhead ? b : a))
  return { plans, recommended, reason: reason({ plans, recommended, fleet }) }
}

/** What copies may have beside them. Exits cost nothing: where they speak, they are there in each. */
function sidesOf({ student, description, exits }: SideFacts): SideFacts[] {
  const sides = [
    ...(student === undefined ? [] : [{ student }]),
    ...(description === undefined ? [] : [{ description }]),
    ...(student === undefined || description === undefined ? [] : [{ student, description }])
  ]
  const speak = exits?.exits.some(({ reached }) => reached > 0)
  return speak ? [{ exits }, ...sides.map(side => ({ ...side, exits }))] : sides
}

/** What all plans are compared under. */
interface Setting {
  fleet: FleetFacts
  bounds: Bounds
  queryBytes: number
  /** Groups that calibrated plans were scored on. */
  scoredGroups: number
}

/** 1 for the model's own answers; for a guess the share of classes that it meets, or 0. */
function score({ regret, mse, standardError }: AdvisedPlan, { bounds: { guessMse } }: Setting): number {
  if (regret !== undefined) return 1 - regret.overall - standardError
  return guessMse === 0 ? 1 : 1 - mse.overall / guessMse
}

function boundsOf({ outputs, width, accuracy, plans }: AdviseInit['profile']): Bounds {
  const [{ moments }] = plans
  const { n, k, matrix } = moments
  // The predictions' own second moments about their centre, which a guess says: means over queries and outputs.
  const squares = Array.from({ length: k }, (_, q) => matrix[(n + q) * (n + k + 1)])
  const guessMse = (width * squares.reduce((sum, square) => sum + square, 0)) / k
  return outputs === 'values' ? { guessMse } : { guessMse, classes: width, ownAccuracy: accuracy }
}

function calibratedPlan(calibrated: CalibratedCode, setting: Setting): AdvisedPlan {
  const { code, order } = calibrated
  const plan = planOf(code, workers => calibratedOutcomes(calibrated, workers), setting)
  const queries = setting.scoredGroups * code.k
  return { ...plan, standardError: standardError(plan, queries), order, calibrated }
}

/**
 * Of the overall regret: no more than the binomial one of a share, for what is between 0 and 1. Half a query is taken to disagree, so that few
 * queries without one prove nothing.
 */
function standardError({ regret, exact }: Forecast, queries: number): number {
  const degraded = regret?.degraded
  if (degraded === undefined) return 0
  const share = (degraded * queries + 0.5) / (queries + 1)
  return (1 - exact) * Math.sqrt((share * (1 - share)) / queries)
}

function copyingPlans(k: number, { from, to }: { from: number; to: number }, setting: Setting): AdvisedPlan[] {
  const plans: AdvisedPlan[] = []
  for (let n = from; n <= to; n++) {
    const code = { name: n === k ? 'uncoded' : 'replication', k, n } as const
    const plan = planOf(code, workers => copiedOutcomes(code, workers), setting)
    plans.push({ ...plan, standardError: 0, order: 'none' })
    if (1 - plan.exact < NOTHING_LOST) break
  }
  return plans
}

/** The same beside a student, a description or exits, which can only say classes. */
function sidePlans(
  k: number,
  { from, to }: { from: number; to: number },
  side: SideFacts,
  setting: Setting
): AdvisedPlan[] {
  if (setting.bounds.classes === undefined) return []
  const { student, description, exits } = side
  const queries = Math.min(...[student, description, exits].map(known => known?.queries ?? Infinity))
  const plans: AdvisedPlan[] = []
  for (let n = from; n <= to; n++) {
    const code = { name: 'replication', k, n } as const
    const planned = plannedStragglers(n, setting.fleet)
    const plan = judged(
      planOf(code, workers => sideOutcomes(code, side, { workers, planned }), setting),
      queries
    )
    const overhead = plan.overhead + (student?.cost ?? 0)
    const has = {
      ...(student && { student: true as const }),
      ...(description && { description: true as const }),
      ...(exits && { exits: true as const })
    }
    plans.push({ ...plan, overhead, ...has })
    if (1 - plan.exact < NOTHING_LOST) break
  }
  return plans
}

/** The one plan of parity models, where it is asked for and each task has a worker. */
function parityPlans(
  parity: ParityFacts | undefined,
  asked: { k?: number; n?: number },
  setting: Setting
): AdvisedPlan[] {
  if (parity === undefined) return []
  const { k, missing, groups } = parity
  const n = k + missing.length
  if (n > setting.fleet.workers || (asked.k ?? k) !== k || (asked.n ?? n) !== n) return []
  return [
    judged(
      planOf({ name: 'parm', k, n }, () => parityOutcomes(parity), setting),
      groups
    )
  ]
}

/** Of the accuracy of a companion nothing is known: it is judged without labels. */
function judged({ accuracy: _, ...plan }: ReturnType<typeof planOf>, queries: number): AdvisedPlan {
  return { ...plan, standardError: standardError(plan, queries), order: 'none' }
}

function planOf(
  code: AdvisedPlan['code'],
  outcomes: (workers: number) => OutcomesOf,
  { fleet, bounds, queryBytes }: Setting
): Omit<AdvisedPlan, 'order' | 'standardError' | 'calibrated'> {
  const { k, n } = code
  const workers = Math.min(n, fleet.workers)
  const stragglers = plannedStragglers(n, fleet)
  // The master counts what owes a result in workers, of which there may be fewer (docs/architecture.md).
  const planned = Math.min(Math.round((stragglers * workers) / n), workers - 1)
  const overhead = n / k
  const worth = forecast(outcomes(workers), { workers, planned, fleet }, bounds)
  return { code, stragglers, overhead, bytes: overhead * queryBytes, ...worth }
}
