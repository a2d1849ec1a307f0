import { type FittedDescription, studentCompanion, type TriedDescription } from '../../nodes/index.ts'
import { random, shuffled } from '../../src/chance/index.ts'
import { type Confidence, codeFamily, learnConfidence, softmax, whole } from '../../src/codes/index.ts'
import {
  type Companion,
  type Decoded,
  type Description,
  linearPlan,
  type Plan,
  type PlanTask,
  planSpec,
  sidePlan
} from '../../src/inference/index.ts'
import { stack, Tensor } from '../../src/tensor/index.ts'
import { units } from './course.ts'
import { drawGroups, drawSurvivors } from './draws.ts'
import type { Dataset } from './images.ts'
import { floats } from './models.ts'
import type { Network, NetworkName } from './networks.ts'
import { type Estimate, mean, ratio, type Score, scoreQuery, summarise, type Trial } from './score.ts'
import { type Answers, type SideAnswers, type SideStudentInit, sideAnswers } from './side-students.ts'

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

/** Straggler sets of each group. */
const SETS = 4
const STREAMS = { groups: 32, survivors: 33, unlike: 34 }

/** A way to use the workers of a group, scored on the same groups as the others. */
export interface SideRow extends Score {
  method: string
  workers: number
  stragglers: number
  /** RelAcc less that of replication with the extra workers, query by query. */
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
  cells: SideCell[]
}

/** Scores the plans of the project on test images; what the student is worth was learned on others. */
export async function sideFigures(
  network: Network,
  dataset: Dataset,
  { groups, ...init }: SideStudentInit & { groups: number }
): Promise<SideFigures> {
  const answers = await sideAnswers(network.name, dataset, init)
  const { macs, test } = answers
  const share = macs.student / macs.deployed
  const { tried, best } = answers.descriptions
  const companions = {
    student: companionOf(answers.learning),
    useless: companionOf(unlike(answers.learning, init.seed)),
    ...(best && { description: descriptionCompanion(best) })
  }
  return {
    settings: { groups, sets: SETS, seed: init.seed, testImages: test.labels.length },
    student: { title: answers.student, macs: macs.student, share, agreement: agreement(test.own, test.student) },
    descriptions: {
      tried,
      ...(best && { best: { ...shown(best), tested: agreement(test.own, test.description ?? []) } })
    },
    cells: CELLS[network.name].map(cell => scoreCell(cell, { answers, companions, share, groups, seed: init.seed }))
  }
}

function companionOf({ student, own }: Answers): Companion {
  return named('student', learnConfidence(student, own))
}

/** What is expected of a description before it is run is what it was like on images for learning. */
function descriptionCompanion({ confidence, together, agreement }: FittedDescription): Description {
  return { ...named('description', confidence), together, expected: { error: 0, agreement } }
}

function named(name: string, confidence: Confidence): Companion {
  const input = { name: 'x', dtype: 'float32', shape: [null, 1] } as const
  const model = { id: name, name, signature: { inputs: [input], outputs: [] } }
  return studentCompanion({ student: model, output: 'y', confidence })
}

function shown({ file: _, confidence: __, answers: ___, ...tried }: FittedDescription): TriedDescription {
  return tried
}

/** A student that answers some other query. */
function unlike({ own, student, labels }: Answers, seed: number): Answers {
  return { own, student: shuffled(student, random(seed, STREAMS.unlike)), labels }
}

function agreement(own: readonly Float32Array[], answers: readonly Float32Array[]): Estimate {
  const trials = own.map((exact, i) => ({ unit: i, ...scoreQuery(softmax(answers[i]), softmax(exact), 0) }))
  return ratio(trials, ({ agrees }) => agrees)
}

interface Setting {
  answers: SideAnswers
  companions: Record<'student' | 'useless', Companion> & { description?: Description }
  share: number
  groups: number
  seed: number
}

interface Method {
  name: string
  size: Size & { stragglers: number }
  /** The student whose answers there are, and to which images. */
  student?: { companion: Companion; answers: readonly Float32Array[] }
  /** Has it no say in what the spare workers do? */
  late?: boolean
  /** Are its answers no predictions? */
  silent?: boolean
  description?: Description
  /** Queries without an exact prediction, the least sure first, that the master has time to run by itself. */
  rescued?: number
}

function scoreCell(cell: Size & { stragglers: number }, setting: Setting): SideCell {
  const { answers, companions, share, groups, seed } = setting
  const { test } = answers
  const chance = random(seed, STREAMS.groups)
  const draws = drawGroups(shuffled(test.own.keys(), chance), { k: cell.k, count: groups }, chance)
  const extra = Math.ceil(cell.k * share)
  const paid = {
    ...cell,
    n: cell.n + extra,
    stragglers: cell.stragglers + Math.round((extra * cell.stragglers) / cell.n)
  }
  const student = { companion: companions.student, answers: test.student }
  const { description } = companions
  const useless = { companion: companions.useless, answers: shuffled(test.student, random(seed, STREAMS.unlike)) }
  const methods: Method[] = [
    { name: 'replication', size: cell },
    { name: 'replication, student paid for', size: paid },
    { name: 'student', size: cell, student, late: true },
    { name: 'allocation', size: cell, student, silent: true },
    { name: 'student + allocation', size: cell, student },
    { name: 'both, of a useless student', size: cell, student: useless },
    ...(description === undefined
      ? []
      : [
          { name: 'descriptions', size: cell, description },
          { name: 'joint: student + allocation + descriptions', size: cell, student, description },
          { name: 'joint + rescue of two', size: cell, student, description, rescued: 2 }
        ])
  ]
  const trials = methods.map(method => trialsOf(method, draws, { test, seed }))
  const [plain, baseline] = trials
  return {
    ...cell,
    extra,
    lost: cell.k * mean(plain.map(({ lost }) => Number(lost))),
    rows: methods.map(({ name, size }, i) => ({
      method: name,
      workers: size.n,
      stragglers: size.stragglers,
      ...summarise(trials[i]),
      beyond: difference(trials[i], baseline)
    }))
  }
}

type SideTrial = Trial & { lost: boolean }

/** Every group under every straggler set, through the plan and the decoder of the project. */
function trialsOf(
  { size, student, late = false, silent = false, description, rescued = 0 }: Method,
  draws: readonly number[][],
  { test, seed }: { test: Answers; seed: number }
): SideTrial[] {
  const { k, n, stragglers } = size
  const side = (student !== undefined || description !== undefined) && {
    ...(student && { student: student.companion }),
    ...(description && { description })
  }
  const init = { model: 'deployed', output: 'y', code: codeFamily('replication'), k, n, stragglers, deadline: 1 }
  const spec = planSpec({ ...init, ...(side && { side }) })
  const sets = drawSurvivors(n, stragglers, { groups: draws.length, sets: SETS, seed, stream: STREAMS.survivors })
  const unitOf = units(draws.map(members => ({ members })))
  return draws.flatMap((members, g) => {
    const plan = side ? sidePlan(spec, side) : linearPlan(spec)
    const told = student && stack(members.map(image => Tensor.float32(student.answers[image])))
    tellTasks(plan, members, { told, late })
    const workers = plan.tasks.filter(({ runner }) => runner === 'worker')
    return sets[g].flatMap(survivors => {
      const results = new Map(survivors.map(i => [workers[i].index, resultOf(workers[i], members, test)]))
      if (told !== undefined && !silent) {
        results.set(
          plan.tasks.findIndex(({ role }) => role === 'student'),
          told
        )
      }
      const decoded = whole(plan.decoding(results))
      const saved = leastSure(decoded).slice(0, rescued)
      return members.map((image, q) => {
        const exact = softmax(test.own[image])
        const prediction = saved.includes(q) ? exact : decoded[q] && softmax(floats(decoded[q].output))
        return {
          unit: unitOf(g, q),
          lost: decoded[q]?.source !== 'exact',
          ...scoreQuery(prediction, exact, test.labels[image])
        }
      })
    })
  })
}

/** What a worker says to its task. */
function resultOf({ role, queries }: PlanTask, members: readonly number[], { own, description }: Answers): Tensor {
  return role === 'description' && description !== undefined
    ? stack(queries.map(q => Tensor.float32(description[members[q]])))
    : rowTensor(own[members[queries[0]]])
}

/** The queries without an exact prediction, those of which least is known first. */
function leastSure(decoded: ReadonlyArray<Decoded | undefined>): number[] {
  const sure = (q: number): number => decoded[q]?.expected?.agreement ?? 0
  return [...decoded.keys()].filter(q => decoded[q]?.source !== 'exact').sort((a, b) => sure(a) - sure(b))
}

/** Gives a plan its queries, which stand for images by number, and what the student says; then all its tasks are made. */
function tellTasks(
  plan: Plan,
  members: readonly number[],
  { told, late }: { told: Tensor | undefined; late: boolean }
): void {
  for (const image of members) plan.add({ x: Tensor.float32([image], [1, 1]) })
  plan.close()
  while (plan.encodeNext() !== undefined);
  if (late) plan.hurry()
  const student = plan.tasks.findIndex(({ role }) => role === 'student')
  if (student >= 0) plan.learn(student, told)
}

function rowTensor(logits: Float32Array): Tensor {
  return Tensor.float32(logits, [1, logits.length])
}

/** RelAcc of one method less that of another; trials of both are of the same queries in the same order. */
function difference(trials: readonly SideTrial[], others: readonly SideTrial[]): Estimate {
  return ratio(
    trials.map((trial, i) => ({ ...trial, right: trial.right - others[i].right })),
    ({ right }) => right,
    ({ own }) => own
  )
}
