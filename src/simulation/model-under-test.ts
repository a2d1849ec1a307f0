import type { Profile } from '../codes/index.ts'
import type { Outcome } from '../inference/index.ts'
import type { NamedTensors } from '../models/index.ts'
import { Tensor } from '../tensor/index.ts'
import type { Scenario, ScenarioPlan } from './scenario.ts'
import { type StudentFigures, type StudentUnderTest, timedStudent } from './student-under-test.ts'

/** A prediction, and how it came about, as far as its accuracy goes. */
export interface Judged {
  outcome: Extract<Outcome, { output: Tensor }>
  plan: ScenarioPlan
  /** The share of its group's N results that it was decoded from. */
  survivors: number
  /** Was one of them wrong? */
  spoilt: boolean
}

/** The model that a fleet serves, and what is asked of it. Queries are numbered in the order in which they are asked. */
export interface ModelUnderTest {
  /** Bytes of a query and of a prediction on the network. */
  readonly input: number
  readonly output: number
  /** The output that is decoded. */
  readonly outputName: string
  /** Is its output its input, so that reconstructed predictions can be checked too? */
  readonly identity: boolean
  query(number: number): NamedTensors
  run(inputs: NamedTensors): NamedTensors | Promise<NamedTensors>
  /** The model's own answer to a query. */
  direct(number: number): Tensor
  /** How likely the prediction is right: 0 or 1 where it is known. `undefined` where nothing is known. */
  accuracy(number: number, judged: Judged): number | undefined
  /** The student of this profile, if there is one of this model. */
  student(file: string): StudentUnderTest | undefined
}

/** The only output of a model that does not run. */
const OUTPUT = 'output'

/** What was measured before, when a model and its students were calibrated. */
export interface Measured {
  profile?: Profile
  /** By the files that plans name. */
  students?: ReadonlyMap<string, StudentFigures>
}

/**
 * A model that does not run (timing mode): it hands on what it gets, two numbers that tell which query it is. How accurate predictions are was
 * measured before. A smaller group than the plan's counts as a full one of which the same share survives, and an answer of a
 * student that differs from the model's as wrong.
 */
export function timedModel(
  { input = 4096, output = 40 }: Scenario['model'],
  { profile, students = new Map() }: Measured = {}
): ModelUnderTest {
  return {
    input,
    output,
    outputName: OUTPUT,
    identity: true,
    query: number => ({ x: token(number) }),
    run: ({ x }) => ({ [OUTPUT]: x }),
    direct: token,
    accuracy(_, { outcome: { source, expected }, plan, survivors, spoilt }) {
      if (spoilt) {
        // What a wrong result is worth was not measured: nothing, so as not to flatter anybody.
        return 0
      }
      if (source === 'student') {
        const known = students.has(plan.student?.profile ?? '') ? expected?.agreement : undefined
        return known === undefined ? undefined : profile?.accuracy && profile.accuracy * known
      }
      return source === 'exact' ? profile?.accuracy : profile && reconstructed(profile, plan, survivors)
    },
    student: file => timedStudent(students.get(file))
  }
}

/** What a calibrated plan has right when this share of its results survives. */
function reconstructed(
  { plans }: Profile,
  { code, k, n, layout = 'paper' }: ScenarioPlan,
  survivors: number
): number | undefined {
  const calibrated = plans.find(
    plan =>
      plan.code.name === code && plan.code.k === k && plan.code.n === n && (plan.code.layout ?? 'paper') === layout
  )
  const count = Math.max(1, Math.floor(n * survivors))
  return calibrated?.expected.find(expected => expected.survivors === count)?.accuracy
}

function token(number: number): Tensor {
  return Tensor.float32(Float32Array.of(number, -number), [1, 2])
}
