import path from 'node:path'
import { codes } from '../../src/codes/index.ts'
import type { Model, NamedTensors } from '../../src/models/index.ts'
import { type OnnxModel, onnxExecutor } from '../../src/runtime/index.ts'
import type { ModelUnderTest, StudentUnderTest } from '../../src/simulation/index.ts'
import type { StudentProfile } from '../../src/students/index.ts'
import type { Tensor } from '../../src/tensor/index.ts'
import { checkQueries, chooseOutput } from '../queries.ts'
import { ownStudent } from '../student-companion.ts'
import { InputFileError } from './errors.ts'
import { npyQueries, readClasses, readInputs } from './inputs.ts'
import { numbersOf } from './predictions.ts'

export interface OnnxModelUnderTest extends ModelUnderTest {
  readonly model: Model
  readonly file: string
  /** The student of this profile; `undefined` if it is one of another model. */
  studentOf(profile: StudentProfile): StudentUnderTest | undefined
  stop(): Promise<void>
}

export interface OnnxUnderTestInit {
  /** An .onnx file. */
  model: string
  /** Queries, as .npy; asked one after the other, and from the start again. */
  data: string
  /** The true class of each. Without them, a prediction is right when its class is the one that the model itself gives. */
  labels?: string
  /** Small models that may be asked too. */
  companions?: readonly OnnxModel[]
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
  companions = []
}: OnnxUnderTestInit): Promise<OnnxModelUnderTest> {
  const [inputs, labels] = await Promise.all([readInputs([data]), labelFile && readClasses(labelFile)])
  const executor = onnxExecutor({ models: [{ name: path.basename(file, '.onnx'), path: file }, ...companions] })
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
    const runOf = async (id: string, output: string, given: NamedTensors): Promise<NamedTensors> => {
      // The executor takes its inputs over, and these are asked about again.
      const inputs = Object.fromEntries(Object.entries(given).map(([name, tensor]) => [name, tensor.clone()]))
      return (await executor.run({ model: id, inputs, outputs: [output] })).outputs
    }
    const run = (given: NamedTensors): Promise<NamedTensors> => runOf(model.id, outputName, given)
    const direct: Tensor[] = []
    for (const query of queries) {
      direct.push((await run(query))[outputName])
    }
    const bytesOf = (tensors: Iterable<Tensor>): number =>
      [...tensors].reduce((sum, { byteLength }) => sum + byteLength, 0)
    return {
      model,
      file,
      outputName,
      input: bytesOf(Object.values(queries[0])),
      output: direct[0].byteLength,
      identity: false,
      query: number => queries[number % queries.length],
      direct: number => direct[number % queries.length],
      run,
      student: () => undefined,
      studentOf(profile) {
        if (profile.model !== model.id || profile.output !== outputName) {
          return undefined
        }
        const companion = ownStudent(profile, { model, output: outputName, companions: executor.models })
        return { companion, run: given => runOf(companion.model, companion.output, given) }
      },
      accuracy(number, { outcome: { output } }) {
        const place = number % queries.length
        return argmax(output) === (labels ? labels[place] : argmax(direct[place])) ? 1 : 0
      },
      stop: () => executor.stop()
    }
  } catch (error) {
    await executor.stop()
    throw error
  }
}

function argmax(tensor: Tensor): number {
  const scores = numbersOf(tensor)
  return scores.indexOf(Math.max(...scores))
}
