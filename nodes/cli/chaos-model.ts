import path from 'node:path'
import { codes } from '../../src/codes/index.ts'
import type { Clock, PlanSpec } from '../../src/inference/index.ts'
import type { Model, NamedTensors } from '../../src/models/index.ts'
import { onnxExecutor } from '../../src/runtime/index.ts'
import {
  type CompanionsUnderTest,
  type ModelUnderTest,
  planName,
  ScenarioError,
  type ScenarioPlan
} from '../../src/simulation/index.ts'
import type { Tensor } from '../../src/tensor/index.ts'
import { type CompanionsByPlan, companionsOf, exitShares, modelsOf, planOptions } from '../chaos/plan-companions.ts'
import { planned } from '../planned.ts'
import { checkQueries, chooseOutput } from '../queries.ts'
import { InputFileError } from './errors.ts'
import { npyQueries, readClasses, readInputs } from './inputs.ts'
import { numbersOf } from './predictions.ts'

export interface OnnxModelUnderTest extends ModelUnderTest {
  readonly model: Model
  readonly file: string
  /** @throws {ScenarioError} the master of a peer would not take this plan */
  check(plan: ScenarioPlan): void
  stop(): Promise<void>
}

export interface OnnxUnderTestInit {
  /** An .onnx file. */
  model: string
  /** Queries, as .npy; asked one after the other, and from the start again. */
  data: string
  /** The true class of each. Without them, a prediction is right when its class is the one that the model itself gives. */
  labels?: string
  companions?: CompanionsByPlan
}

/**
 * A model that really runs, in ONNX Runtime (full mode). What it says to each query by itself is found out first.
 *
 * @throws {InputFileError | NpyFormatError | ModelLoadError} a file cannot be used
 */
export async function onnxUnderTest({
  model: file,
  data,
  labels: labelFile,
  companions = new Map()
}: OnnxUnderTestInit): Promise<OnnxModelUnderTest> {
  const [inputs, labels] = await Promise.all([readInputs([data]), labelFile && readClasses(labelFile)])
  const beside = modelsOf(companions, 'own', 'served')
  const executor = onnxExecutor({ models: [{ name: path.basename(file, '.onnx'), path: file }, ...beside] })
  await executor.start()
  try {
    const [model] = executor.models
    const outputName = chooseOutput(model, codes.nercc, undefined)
    const queries = await checkQueries(
      npyQueries(inputs, model).map(({ tensor }) => tensor),
      model
    )
    if (labels && labels.length !== queries.length) {
      throw new InputFileError(`${labelFile} has ${labels.length} labels, ${data} has ${queries.length} queries`)
    }
    const run: OnnxModelUnderTest['run'] = async ({ model, inputs: given, outputs }) => {
      // The executor takes its inputs over, and these are asked about again.
      const inputs = Object.fromEntries(Object.entries(given).map(([name, tensor]) => [name, tensor.clone()]))
      return (await executor.run({ model, inputs, outputs })).outputs
    }
    const outputs = model.signature.outputs.map(({ name }) => name)
    const direct: NamedTensors[] = []
    for (const inputs of queries) {
      direct.push(await run({ model: model.id, inputs, outputs }))
    }
    const specOf = (plan: ScenarioPlan, clock?: Clock): PlanSpec => {
      const options = planOptions(plan, { companions: companionsOf(plan, companions), output: outputName, clock })
      return planned({ ...options, model: model.id }, model, { companions: executor.models })
    }
    const bytesOf = (tensors: Iterable<Tensor>): number =>
      [...tensors].reduce((sum, { byteLength }) => sum + byteLength, 0)
    return {
      id: model.id,
      model,
      file,
      outputName,
      input: bytesOf(Object.values(queries[0])),
      output: direct[0][outputName].byteLength,
      identity: false,
      query: number => queries[number % queries.length],
      direct: (number, output) => direct[number % queries.length][output],
      run,
      companions(plan, clock) {
        const known = companionsOf(plan, companions)
        return known && { ...underTest(specOf(plan, clock)), exits: exitShares(known.exits) }
      },
      check(plan) {
        try {
          specOf(plan)
        } catch (cause) {
          throw new ScenarioError(`${planName(plan)}: ${cause instanceof Error ? cause.message : cause}`, { cause })
        }
      },
      accuracy(number, { outcome: { output } }) {
        const place = number % queries.length
        return argmax(output) === (labels ? labels[place] : argmax(direct[place][outputName])) ? 1 : 0
      },
      stop: () => executor.stop()
    }
  } catch (error) {
    await executor.stop()
    throw error
  }
}

/** The companions of a plan, as the peer's master has them. */
function underTest({ side, parities, calibrated, output }: PlanSpec): Omit<CompanionsUnderTest, 'exits'> {
  const { description } = side ?? {}
  return {
    plan: { ...(side && { side }), ...(parities && { parities, calibrated }) },
    output,
    served: [...(description ? [description.model] : []), ...(parities ?? []).map(({ model }) => model)]
  }
}

function argmax(tensor: Tensor): number {
  const scores = numbersOf(tensor)
  return scores.indexOf(Math.max(...scores))
}
