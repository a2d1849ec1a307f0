import type { Profile } from '../codes/index.ts'
import type { NamedTensors } from '../models/index.ts'
import { Tensor } from '../tensor/index.ts'
import type { Scenario, ScenarioPlan } from './scenario.ts'

/** What became of a query, as far as its accuracy goes. */
export interface Judged {
  status: 'exact' | 'reconstructed'
  output: Tensor
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
}

/** The only output of a model that does not run. */
const OUTPUT = 'output'

/**
 * A model that does not run (timing mode): it hands on what it gets, two numbers that tell which query it is. How accurate predictions are was
 * measured before, when the model was calibrated. A smaller group than the plan's counts as a full one of which the same share survives.
 */
export function timedModel({ input = 4096, output = 40 }: Scenario['model'], profile?: Profile): ModelUnderTest {
  return {
    input,
    output,
    outputName: OUTPUT,
    identity: true,
    query: number => ({ x: token(number) }),
    run: ({ x }) => ({ [OUTPUT]: x }),
    direct: token,
    accuracy(_, { status, plan, survivors, spoilt }) {
      if (spoilt) {
        // What a wrong result is worth was not measured: nothing, so as not to flatter anybody.
        return 0
      }
      return status === 'exact' ? profile?.accuracy : profile && reconstructed(profile, plan, survivors)
    }
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
