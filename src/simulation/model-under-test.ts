import type { Profile } from '../codes/index.ts'
import type { Clock, Outcome, Task } from '../inference/index.ts'
import type { ModelId, NamedTensors } from '../models/index.ts'
import { Tensor } from '../tensor/index.ts'
import {
  type CompanionFigures,
  type CompanionsUnderTest,
  ENCODER,
  OUTPUT,
  TIMED_MODEL,
  timedCompanions
} from './companions-under-test.ts'
import type { Scenario, ScenarioPlan } from './scenario.ts'

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
  readonly id: ModelId
  /** Bytes of a query and of a prediction on the network. */
  readonly input: number
  readonly output: number
  /** The output that is decoded, where the companions of a plan have not learned another. */
  readonly outputName: string
  /** Is its output its input, so that reconstructed predictions can be checked too? */
  readonly identity: boolean
  query(number: number): NamedTensors
  /** Runs it, or one of its companions. */
  run(task: Pick<Task, 'model' | 'inputs' | 'outputs'>): NamedTensors | Promise<NamedTensors>
  /** An output of the model itself for a query. */
  direct(number: number, output: string): Tensor
  /** How likely the prediction is right: 0 or 1 where it is known. `undefined` where nothing is known. */
  accuracy(number: number, judged: Judged): number | undefined
  /**
   * The companions of a plan; `undefined` where it has none.
   *
   * @throws {ScenarioError} nothing is known of them, or they are of another model
   */
  companions(plan: ScenarioPlan, clock: Clock): CompanionsUnderTest | undefined
}

/** What was measured before, when a model and its companions were calibrated. */
export interface Measured {
  profile?: Profile
  /** Of the plans that have any. */
  companions?: ReadonlyMap<ScenarioPlan, CompanionFigures>
}

/**
 * A model that does not run (timing mode): it hands on what it gets, two numbers that tell which query it is. How accurate predictions are was
 * measured before. A smaller group than the plan's counts as a full one of which the same share survives, and an answer of a
 * companion that differs from the model's as wrong.
 */
export function timedModel(
  { input = 4096, output = 40 }: Scenario['model'],
  { profile, companions = new Map() }: Measured = {}
): ModelUnderTest {
  return {
    id: TIMED_MODEL,
    input,
    output,
    outputName: OUTPUT,
    identity: true,
    query: number => ({ x: token(number) }),
    run({ model, inputs: { x }, outputs }) {
      const given: Record<string, Tensor> = {}
      for (const name of outputs) given[name] = model === ENCODER ? mixed(x) : x
      return given
    },
    direct: token,
    accuracy(_, { outcome: { source, expected }, plan, survivors, spoilt }) {
      if (spoilt) {
        // What a wrong result is worth was not measured: nothing, so as not to flatter anybody.
        return 0
      }
      if (source !== 'exact' && (source !== 'decoded' || plan.parity)) {
        const known = companions.has(plan) ? expected?.agreement : undefined
        return known === undefined ? undefined : profile?.accuracy && profile.accuracy * known
      }
      return source === 'exact' ? profile?.accuracy : profile && reconstructed(profile, plan, survivors)
    },
    companions: plan => timedCompanions(plan, companions.get(plan))
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

/** The parity query of a group: the mean of its rows. */
function mixed({ shape: [rows, width], data }: Tensor): Tensor {
  const mean = Float32Array.from({ length: width }, (_, i) =>
    Array.from({ length: rows }, (_, row) => Number(data[row * width + i]) / rows).reduce((sum, part) => sum + part)
  )
  return Tensor.float32(mean, [1, width])
}

function token(number: number): Tensor {
  return Tensor.float32(Float32Array.of(number, -number), [1, 2])
}
