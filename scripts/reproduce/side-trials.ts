import { random } from '../../src/chance/index.ts'
import { codeFamily, softmax, whole } from '../../src/codes/index.ts'
import { type Decoded, linearPlan, type Plan, type PlanTask, planSpec, sidePlan } from '../../src/inference/index.ts'
import type { NamedTensors } from '../../src/models/index.ts'
import { stack, Tensor } from '../../src/tensor/index.ts'
import { units } from './course.ts'
import { drawSurvivors } from './draws.ts'
import { floats } from './models.ts'
import { scoreQuery, type Trial } from './score.ts'
import type { SideDescription, SideExit, SideStudent } from './side-companions.ts'
import type { Answers } from './side-students.ts'

/** Straggler sets of each group. */
export const SETS = 4
const STREAM = 33
/** How much of their work stragglers have done. */
const WORK_STREAM = 36

/** A way to use the workers of a group. */
export interface Method {
  name: string
  size: Record<'k' | 'n' | 'stragglers', number>
  student?: SideStudent
  description?: SideDescription
  /** Has the student no say in what the spare workers do? */
  late?: boolean
  /** Are its answers no predictions? */
  silent?: boolean
  /** Exits of the model, and the share of its work that stragglers have done at the stop; `even`: each its own, evenly distributed. */
  exits?: { of: readonly SideExit[]; done: number | 'even' }
  /** Queries without an exact prediction, the least sure first, that the master has time to run by itself. */
  rescued?: number
}

export type SideTrial = Trial & { lost: boolean }

/** Every group under every straggler set, through the plan and the decoder of the project. */
export function trialsOf(
  { size, student, description, exits, late = false, silent = false, rescued = 0 }: Method,
  draws: readonly number[][],
  { test, seed }: { test: Answers; seed: number }
): SideTrial[] {
  const { k, n, stragglers } = size
  const side = (student ?? description ?? exits) !== undefined && {
    ...(student && { student: student.companion }),
    ...(description && { description: description.companion }),
    ...(exits && { exits: exits.of.map(({ exit }) => exit) })
  }
  const init = { model: 'deployed', output: 'y', code: codeFamily('replication'), k, n, stragglers, deadline: 1 }
  const spec = planSpec({ ...init, ...(side && { side }) })
  const sets = drawSurvivors(n, stragglers, { groups: draws.length, sets: SETS, seed, stream: STREAM })
  const chance = random(seed, WORK_STREAM)
  const unitOf = units(draws.map(members => ({ members })))
  return draws.flatMap((members, g) => {
    const plan = side ? sidePlan(spec, side) : linearPlan(spec)
    const told = student && stack(members.map(image => Tensor.float32(student.answers[image])))
    tellTasks(plan, members, { told, late })
    const workers = plan.tasks.filter(({ runner }) => runner === 'worker')
    const resultOf = ({ role, queries }: PlanTask): Tensor => {
      const answers = role === 'description' && description !== undefined ? description.answers : test.own
      return stack(queries.map(q => Tensor.float32(answers[members[q]])))
    }
    return sets[g].flatMap(survivors => {
      const results = new Map(survivors.map(i => [workers[i].index, resultOf(workers[i])]))
      if (told !== undefined && !silent) {
        results.set(
          plan.tasks.findIndex(({ role }) => role === 'student'),
          told
        )
      }
      const early = new Map<number, NamedTensors>()
      for (const { index, role, queries } of workers.filter((_, i) => exits && !survivors.includes(i))) {
        const work = exits?.done === 'even' ? chance() : (exits?.done ?? 0)
        const speaking = exits?.of.filter(({ at }) => role === 'query' && at <= work) ?? []
        if (speaking.length > 0) {
          const said = speaking.map(({ exit, answers }) => [
            exit.output,
            stack([Tensor.float32(answers[members[queries[0]]])])
          ])
          early.set(index, Object.fromEntries(said))
        }
      }
      const decoded = whole(plan.decoding(results, early))
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
