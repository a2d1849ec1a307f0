import { type OnnxModel, onnxExecutor } from '../../src/runtime/index.ts'
import type { Tensor } from '../../src/tensor/index.ts'
import { npyQueries, readInputs } from './inputs.ts'

/**
 * The rows of a .npy file, as queries of the model of a file.
 *
 * @throws {InputFileError | NpyFormatError | ModelLoadError} a file cannot be used
 */
export async function dataQueries(data: string, deployed: OnnxModel): Promise<Tensor[]> {
  const inputs = await readInputs([data])
  const executor = onnxExecutor({ models: [deployed] })
  try {
    await executor.start()
    return npyQueries(inputs, executor.models[0]).map(({ tensor }) => tensor)
  } finally {
    await executor.stop()
  }
}
