import type { TriedDescription } from '../../nodes/index.ts'
import { planTitle } from '../../src/advisor/index.ts'
import { random, shuffled } from '../../src/chance/index.ts'
import { type Profile, softmax } from '../../src/codes/index.ts'
import { drawGroups } from './draws.ts'
import type { Dataset } from './images.ts'
import type { Network, NetworkName } from './networks.ts'
import { type Estimate, mean, ratio, type Score, scoreQuery, summarise } from './score.ts'
import {
  autoPlan,
  descriptionOf,
  exitsOf,
  profileOf,
  type SideDescription,
  type SideExit,
  type SideStudent,
  studentOf,
  uselessStudent
} from './side-companions.ts'
import { type Answers, type SideStudentInit, sideAnswers } from './side-students.ts'
import { type Method, SETS, type SideTrial, trialsOf } from './side-trials.ts'

interface Size {
  k: number
  n: number
}

/** Groups whose plans are compared, and how many of their workers straggle. */
const CELLS: Readonly<Record<NetworkName, ReadonlyArray<Size & { stragglers: number }>>> = {
  mnist: [
    { k: 20, n: 100, stragglers: 60 },
    { k: 20, n: 100, stragglers: 80 },
    { k: 8, n: 12, stragglers: 2 },
    { k: 4, n: 6, stragglers: 1 }
  ],
  cifar10: [
    { k: 20, n: 60, stragglers: 20 },
    { k: 20, n: 60, stragglers: 30 },
    { k: 20, n: 60, stragglers: 40 },
    { k: 8, n: 12, stragglers: 2 },
    { k: 10, n: 12, stragglers: 2 },
    { k: 4, n: 6, stragglers: 1 }
  ],
  photos: [
    { k: 8, n: 12, stragglers: 2 },
    { k: 8, n: 20, stragglers: 8 }
  ]
}

const STREAM = 32

/** A way to use the workers of a group, scored on the same groups as the others. */
export interface SideRow extends Score {
  method: string
  workers: number
  stragglers: number
  /** RelAcc less that of replication with as many workers more as what the master does here is worth, query by query. */
  beyond: Estimate
}

export interface SideCell extends Size {
  stragglers: number
  /** Workers more for replication, that are worth what the student costs the master. */
  extra: number
  /** Queries of a group without a result of their own, which a rescue would run. */
  lost: number
  rows: SideRow[]
}

export interface SideFigures {
  settings: { groups: number; sets: number; seed: number; testImages: number }
  student: { title: string; macs: number; share: number; agreement: Estimate }
  /** Descriptions that were tried, by images for learning; and how often the best of them agrees on test images. */
  descriptions: { tried: TriedDescription[]; best?: TriedDescription & { tested: Estimate } }
  /** The share of the model's work that is done when an exit speaks, and how often it agrees on test images. */
  exits: Array<{ at: number; tested: Estimate }>
  cells: SideCell[]
  /** Plans of `auto`, with and without a student of use, and those no worse than replication by more than a standard error. */
  auto: { plans: number; keepUp: number }
}

/** Scores the plans of the project on test images; what companions are worth was learned on others. */
export async function sideFigures(
  network: Network,
  dataset: Dataset,
  { groups, ...init }: SideStudentInit & { groups: number }
): Promise<SideFigures> {
  const { seed } = init
  const answers = await sideAnswers(network.name, dataset, init)
  const { macs, test } = answers
  const share = macs.student / macs.deployed
  const { tried, best } = answers.descriptions
  const description = best && descriptionOf(best, test.description ?? [])
  const exits = exitsOf(answers.exits, test.exits)
  const students = { student: studentOf(answers, share), useless: uselessStudent(answers, share, seed) }
  const cells: SideCell[] = []
  const profiles = new Map<number, Profile>()
  for (const cell of CELLS[network.name]) {
    const profile = profiles.get(cell.k) ?? (await profileOf(dataset, cell.k, seed))
    profiles.set(cell.k, profile)
    cells.push(scoreCell(cell, { test, ...students, description, exits, profile, share, groups, seed }))
  }
  const autos = cells.flatMap(({ rows }) => rows.filter(({ method }) => method.startsWith('auto')))
  const taken = tried.find(({ view }) => view === best?.view)
  return {
    settings: { groups, sets: SETS, seed, testImages: test.labels.length },
    student: { title: answers.student, macs: macs.student, share, agreement: agreement(test.own, test.student) },
    descriptions: {
      tried,
      ...(description && taken && { best: { ...taken, tested: agreement(test.own, description.answers) } })
    },
    exits: exits.map(({ at, answers: said }) => ({ at, tested: agreement(test.own, said) })),
    cells,
    auto: {
      plans: autos.length,
      keepUp: autos.filter(({ beyond }) => beyond.value >= -beyond.standardError).length
    }
  }
}

function agreement(own: readonly Float32Array[], answers: readonly Float32Array[]): Estimate {
  const trials = own.map((exact, i) => ({ unit: i, ...scoreQuery(softmax(answers[i]), softmax(exact), 0) }))
  return ratio(trials, ({ agrees }) => agrees)
}

interface Setting {
  test: Answers
  student: SideStudent
  useless: SideStudent
  description: SideDescription | undefined
  exits: readonly SideExit[]
  profile: Profile
  share: number
  groups: number
  seed: number
}

function scoreCell(cell: Size & { stragglers: number }, setting: Setting): SideCell {
  const { test, share, groups, seed } = setting
  const chance = random(seed, STREAM)
  const draws = drawGroups(shuffled(test.own.keys(), chance), { k: cell.k, count: groups }, chance)
  const scored = (method: Method) => ({ method, trials: trialsOf(method, draws, { test, seed }) })
  const extraOf = ({ student, rescued = 0 }: Method): number => Math.ceil((student ? cell.k * share : 0) + rescued)
  const others = methodsOf(cell, setting).map(scored)
  const plain = scored(replication(cell, 0))
  const extras = others.map(({ method }) => extraOf(method)).sort((a, b) => a - b)
  const paid = new Map(
    [...new Set(extras)].filter(Boolean).map(extra => [extra, scored(replication(cell, extra))] as const)
  )
  return {
    ...cell,
    extra: Math.ceil(cell.k * share),
    lost: cell.k * mean(plain.trials.map(({ lost }) => Number(lost))),
    rows: [plain, ...paid.values(), ...others].map(({ method, trials }) => ({
      method: method.name,
      workers: method.size.n,
      stragglers: method.size.stragglers,
      ...summarise(trials),
      beyond: difference(trials, (paid.get(extraOf(method)) ?? plain).trials)
    }))
  }
}

/** Copies alone, with so many workers more, of whom as great a share straggles. */
function replication({ k, n, stragglers }: Method['size'], extra: number): Method {
  const size = { k, n: n + extra, stragglers: stragglers + Math.round((extra * stragglers) / n) }
  return { name: extra === 0 ? 'replication' : `replication, ${extra} workers more`, size }
}

/** What stragglers have done of their work at the stop, in two cases; where they are dead, exits say nothing. */
const WORK_DONE = [
  { done: 0.5, text: 'half as fast' },
  { done: 'even', text: 'anywhere in their work' }
] as const

/** All but replication. */
function methodsOf(size: Method['size'], { student, useless, description, exits: of, profile }: Setting): Method[] {
  const auto = (among: SideStudent, of: string): Method => {
    const plan = autoPlan(profile, size, { student: among, description })
    const asked = { ...(plan.student && { student: among }), ...(plan.description && { description }) }
    return { name: `auto${of}: ${planTitle(plan)}`, size, ...asked }
  }
  const described = description && [
    { name: 'descriptions', size, description },
    { name: 'descriptions + rescue of one', size, description, rescued: 1 },
    { name: 'descriptions + rescue of two', size, description, rescued: 2 },
    { name: 'joint: student + allocation + descriptions', size, student, description },
    { name: 'joint + rescue of one', size, student, description, rescued: 1 },
    { name: 'joint + rescue of two', size, student, description, rescued: 2 }
  ]
  const joint = { size, student, ...(description && { description }) }
  const spoken = WORK_DONE.flatMap(({ done, text }) => [
    { name: `exits, stragglers ${text}`, size, exits: { of, done } },
    { name: `student + allocation + exits, ${text}`, size, student, exits: { of, done } },
    ...(description ? [{ name: `joint + exits, ${text}`, ...joint, exits: { of, done } }] : [])
  ])
  return [
    { name: 'student', size, student, late: true },
    { name: 'allocation', size, student, silent: true },
    { name: 'student + allocation', size, student },
    ...(described ?? [
      { name: 'both + rescue of one', size, student, rescued: 1 },
      { name: 'both + rescue of two', size, student, rescued: 2 }
    ]),
    ...spoken,
    auto(student, ''),
    { name: 'both, of a useless student', size, student: useless },
    auto(useless, ', of a useless student')
  ]
}

/** RelAcc of one method less that of another; trials of both are of the same queries in the same order. */
function difference(trials: readonly SideTrial[], others: readonly SideTrial[]): Estimate {
  return ratio(
    trials.map((trial, i) => ({ ...trial, right: trial.right - others[i].right })),
    ({ right }) => right,
    ({ own }) => own
  )
}
