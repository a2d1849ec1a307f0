import { readFile } from 'node:fs/promises'
import { InferenceSession, listSupportedBackends, Tensor as OrtTensor } from 'onnxruntime-node'
import { isExit, type NamedTensors, type Stage, stagesOf, type TensorSpec } from '../models/index.ts'
import { isDtype, Tensor } from '../tensor/index.ts'
import { ModelLoadError, ProviderUnavailableError, RunFailedError } from './errors.ts'
import type { RunRequest, RunResult } from './executor.ts'
import type { ModelFile } from './model-file.ts'
import type { LoadedModel, ThreadData, UnavailableProvider } from './thread-messages.ts'

export type SessionOptions = Pick<ThreadData, 'providers' | 'intraOpThreads'>

/** A model in this thread. `run` blocks the thread; that of a model with exits, once for each of its stages. */
export interface OnnxSession {
  readonly loaded: LoadedModel
  run(inputs: NamedTensors, outputs: readonly string[], early: NonNullable<RunRequest['early']>): Promise<RunResult>
  release(): Promise<void>
}

/** A part of a model, loaded. */
interface StageSession extends Omit<Stage, 'file'> {
  session: InferenceSession
}

/**
 * Loads a model with the first of the providers that works.
 *
 * @throws {ModelLoadError} the file is no model that can be run here
 * @throws {ProviderUnavailableError} the model is sound, but none of the providers works
 */
export async function openSession(file: ModelFile, options: SessionOptions): Promise<OnnxSession> {
  const { session, provider, partly, unavailable } = await openWithProvider(file, options)
  try {
    const signature = {
      inputs: session.inputMetadata.map(value => specOf(file, value)),
      outputs: session.outputMetadata.map(value => specOf(file, value))
    }
    const stages = await openStages(session, file, { provider, intraOpThreads: options.intraOpThreads })
    return {
      loaded: { id: file.id, name: file.name, signature, provider, partly, unavailable },
      run: (inputs, outputs, early) => run(stages, inputs, outputs, early),
      async release() {
        await Promise.all(stages.map(stage => stage.session.release()))
      }
    }
  } catch (error) {
    await session.release()
    throw error
  }
}

/** A model with exits is loaded anew as its stages, any other is its only one. */
async function openStages(
  session: InferenceSession,
  file: ModelFile,
  { provider, intraOpThreads }: { provider: string; intraOpThreads: number }
): Promise<StageSession[]> {
  const { inputNames: takes, outputNames: gives } = session
  const cut = gives.some(isExit) ? stagesOf(await readFile(file.path)) : undefined
  if (cut === undefined) {
    return [{ session, takes, gives }]
  }
  const stages: StageSession[] = []
  try {
    for (const { file: part, ...stage } of cut) {
      stages.push({ ...stage, session: await create(part, provider, intraOpThreads) })
    }
  } catch (error) {
    await Promise.all(stages.map(stage => stage.session.release()))
    throw error
  }
  await session.release()
  return stages
}

interface Opened {
  session: InferenceSession
  provider: string
  partly: boolean
  unavailable: UnavailableProvider[]
}

async function openWithProvider(file: ModelFile, options: SessionOptions): Promise<Opened> {
  const known = listSupportedBackends().map(({ name }) => name)
  const unavailable: UnavailableProvider[] = []
  for (const provider of options.providers) {
    if (!known.includes(provider)) {
      unavailable.push({ provider, reason: `this build of ONNX Runtime only has ${known.join(', ')}` })
      continue
    }
    try {
      return { ...(await openOn(provider, file, options.intraOpThreads)), provider, unavailable }
    } catch (error) {
      unavailable.push({ provider, reason: reasonOf(error) })
    }
  }
  throw await whyNoneWorks(file, unavailable)
}

/** What a provider has no kernel for, ONNX Runtime runs on the CPU and says nothing: so it is first asked not to. */
async function openOn(provider: string, file: ModelFile, threads: number): Promise<Pick<Opened, 'session' | 'partly'>> {
  if (provider !== 'cpu') {
    const options = { extra: { session: { disable_cpu_ep_fallback: '1' } } }
    const session = await create(file, provider, threads, options).catch(() => undefined)
    if (session !== undefined) {
      return { session, partly: false }
    }
  }
  return { session: await create(file, provider, threads), partly: provider !== 'cpu' }
}

function create(
  model: ModelFile | Uint8Array,
  provider: string,
  intraOpNumThreads: number,
  more: InferenceSession.SessionOptions = {}
): Promise<InferenceSession> {
  const options = { executionProviders: [provider], intraOpNumThreads, logSeverityLevel: 4, ...more } as const
  return model instanceof Uint8Array
    ? InferenceSession.create(model, options)
    : InferenceSession.create(model.path, options)
}

/** A provider fails on a corrupt file as on a missing library; `cpu` always works, so it tells which of the two it was. */
async function whyNoneWorks(file: ModelFile, tried: UnavailableProvider[]): Promise<Error> {
  const [cpu] = tried.filter(({ provider }) => provider === 'cpu')
  const reason = cpu?.reason ?? (await reasonOnCpu(file))
  if (reason !== undefined) {
    return new ModelLoadError(
      `cannot load model '${file.name}' from ${file.path}: ${reason}. ` +
        'It must be a complete ONNX file of an opset that this ONNX Runtime knows'
    )
  }
  const reasons = tried.map(({ provider, reason: why }) => `${provider}: ${why}`).join('; ')
  return new ProviderUnavailableError(
    `no execution provider for model '${file.name}' works here (${reasons}). Install what is missing, or add 'cpu' to the providers`
  )
}

async function reasonOnCpu(file: ModelFile): Promise<string | undefined> {
  try {
    const session = await create(file, 'cpu', 1)
    await session.release()
    return undefined
  } catch (error) {
    return reasonOf(error)
  }
}

function specOf(file: ModelFile, value: InferenceSession.ValueMetadata): TensorSpec {
  if (!value.isTensor || !isDtype(value.type)) {
    const type = value.isTensor ? `a ${value.type} tensor` : 'no tensor'
    throw new ModelLoadError(
      `'${value.name}' of model '${file.name}' (${file.path}) is ${type}, which the mesh does not carry: ` +
        'export the model with float32, float16, int8, uint8, int32 or int64 inputs and outputs'
    )
  }
  return {
    name: value.name,
    dtype: value.type,
    shape: value.shape.map(length => (typeof length === 'number' ? length : null))
  }
}

/** Runs the stages one after the other, until there is what is wanted; what passes between them stays here. */
async function run(
  stages: readonly StageSession[],
  inputs: NamedTensors,
  wanted: readonly string[],
  early: NonNullable<RunRequest['early']>
): Promise<RunResult> {
  const tensors: Record<string, OrtTensor> = Object.fromEntries(
    Object.entries(inputs).map(([name, { dtype, data, shape }]) => [name, new OrtTensor(dtype, data, shape)])
  )
  const needed = new Set([...wanted, ...stages.flatMap(({ takes }) => takes)])
  const outputs: Record<string, Tensor> = {}
  let runMs = 0
  for (const { session, takes, gives } of stages) {
    const feeds = Object.fromEntries(takes.map(name => [name, tensors[name]]))
    const began = performance.now()
    const made = await session.run(
      feeds,
      gives.filter(name => needed.has(name))
    )
    runMs += performance.now() - began
    Object.assign(tensors, made)
    const ready = Object.entries(made).filter(([name]) => wanted.includes(name))
    const given = Object.fromEntries(ready.map(([name, value]) => [name, fromOrt(name, value)]))
    Object.assign(outputs, given)
    if (wanted.every(name => outputs[name] !== undefined)) {
      break
    }
    if (ready.length > 0) {
      early(given)
    }
  }
  return { outputs, runMs }
}

function fromOrt(name: string, { type, data, dims }: OrtTensor): Tensor {
  if (!isDtype(type) || !ArrayBuffer.isView(data)) {
    throw new RunFailedError(`the output '${name}' came as ${type}, which the mesh does not carry`)
  }
  return Tensor.fromBytes(type, dims, new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
}

/** What ONNX Runtime says, without the place in its source of an assertion that failed. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.trim().replace(/^\/onnxruntime_src\/.* was false\. /s, '')
}
