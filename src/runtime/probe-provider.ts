import { listSupportedBackends } from 'onnxruntime-node'
import { type OnnxModel, onnxExecutor } from './onnx-executor.ts'
import { sampleInputs } from './sample-inputs.ts'

/** What came of a provider that was tried: why it does not work, or how fast it is. Times are in ms. */
export type ProviderProbe =
  | { provider: string; works: false; reason: string }
  | { provider: string; works: true; partly: boolean; firstRunMs: number; runMs: number }

const RUNS = 10

/** The execution providers that this build of ONNX Runtime knows; that they work here is another matter. */
export function knownProviders(): string[] {
  return listSupportedBackends().map(({ name }) => name)
}

/**
 * Loads a model on a provider and runs it on one made-up row: the first run, in which a GPU compiles, and the fastest of ten
 * more.
 *
 * @throws {ModelLoadError} the model itself cannot be loaded
 * @throws {RunFailedError} the provider loads the model, and fails to run it
 */
export async function probeProvider(provider: string, model: OnnxModel): Promise<ProviderProbe> {
  const executor = onnxExecutor({ models: [model], providers: [...new Set([provider, 'cpu'])] })
  try {
    await executor.start()
    const [report] = executor.providers
    if (report.provider !== provider) {
      return { provider, works: false, reason: report.unavailable[0].reason }
    }
    const [{ id, signature }] = executor.models
    const run = async (): Promise<number> => {
      const outputs = signature.outputs.map(({ name }) => name)
      return (await executor.run({ model: id, inputs: sampleInputs(signature, 1), outputs })).runMs
    }
    const firstRunMs = await run()
    let runMs = Number.POSITIVE_INFINITY
    for (let i = 0; i < RUNS; i++) {
      runMs = Math.min(runMs, await run())
    }
    return { provider, works: true, partly: report.partly, firstRunMs, runMs }
  } finally {
    await executor.stop()
  }
}
