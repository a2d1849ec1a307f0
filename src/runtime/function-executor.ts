import {
  checkInputs,
  checkOutputs,
  checkWanted,
  contentId,
  headersOf,
  isModelId,
  type Model,
  type ModelId,
  type ModelSignature,
  type NamedTensors
} from '../models/index.ts'
import { checkCount, checkDistinctNames } from './check-options.ts'
import {
  DuplicateModelError,
  ExecutorBusyError,
  ExecutorStoppedError,
  ModelLoadError,
  ModelNotFoundError,
  RunFailedError
} from './errors.ts'
import type { Executor, RunRequest, RunResult } from './executor.ts'

/** A model that is a function of this process. */
export interface FunctionModel {
  name: string
  /** Default: the content id of its name and signature, so equal declarations on two peers are one model. */
  id?: ModelId
  signature: ModelSignature
  /**
   * Gives every output of the signature (more than the wanted ones is fine); it may be called again before it ends. Some of them
   * it may give to `early` before.
   */
  run(inputs: NamedTensors, early?: RunRequest['early']): NamedTensors | Promise<NamedTensors>
}

export interface FunctionExecutorInit {
  models: readonly FunctionModel[]
  /** Runs that may be in progress at once. Default 1. */
  slots?: number
}

/**
 * An executor whose models are functions, for tests, simulations and echo services.
 *
 * @throws {DuplicateModelError} two models share a name or an id
 * @throws {ModelLoadError} an id is not a sha-256
 * @throws {RuntimeOptionError} `slots` is not a whole number ≥ 1
 */
export function functionExecutor(init: FunctionExecutorInit): Executor {
  return new FunctionExecutor(init)
}

class FunctionExecutor implements Executor {
  readonly models: readonly Model[]
  readonly slots: number
  readonly #functions = new Map<ModelId, FunctionModel>()
  readonly #running = new Set<Promise<unknown>>()
  #state: 'new' | 'started' | 'stopped' = 'new'

  constructor({ models, slots = 1 }: FunctionExecutorInit) {
    this.slots = checkCount('slots', slots)
    checkDistinctNames(models)
    for (const model of models) {
      const { name, signature, id = declarationId(name, signature) } = model
      if (!isModelId(id)) {
        throw new ModelLoadError(`the id of model '${name}' must be a sha-256 in lower-case hexadecimal, got '${id}'`)
      }
      if (this.#functions.has(id)) {
        throw new DuplicateModelError(`model '${name}' has the id of another one: give each function its own id`)
      }
      this.#functions.set(id, model)
    }
    this.models = Array.from(this.#functions, ([id, { name, signature }]) => ({ id, name, signature }))
  }

  async start(): Promise<void> {
    if (this.#state === 'stopped') {
      throw new ExecutorStoppedError('this executor was stopped: make a new one')
    }
    this.#state = 'started'
  }

  async stop(): Promise<void> {
    this.#state = 'stopped'
    await Promise.allSettled(this.#running)
  }

  async run(request: RunRequest): Promise<RunResult> {
    if (this.#state !== 'started') {
      throw new ExecutorStoppedError(`this executor is ${this.#state === 'new' ? 'not started' : 'stopped'}`)
    }
    const model = this.#functions.get(request.model)
    if (model === undefined) {
      throw new ModelNotFoundError(`no model ${request.model} here`)
    }
    if (this.#running.size >= this.slots) {
      throw new ExecutorBusyError(`all ${this.slots} slots are taken: keep at most so many runs in progress`)
    }
    checkInputs(model.signature, headersOf(request.inputs))
    checkWanted(model.signature, request.outputs)
    const running = call(model, request)
    this.#running.add(running)
    try {
      return await running
    } finally {
      this.#running.delete(running)
    }
  }
}

async function call(model: FunctionModel, { inputs, outputs: wanted, early }: RunRequest): Promise<RunResult> {
  const began = performance.now()
  const onlyWanted = (given: NamedTensors): NamedTensors =>
    Object.fromEntries(Object.entries(given).filter(([name]) => wanted.includes(name)))
  try {
    const given = await model.run(inputs, some => {
      if (Object.keys(onlyWanted(some)).length > 0) {
        early?.(onlyWanted(some))
      }
    })
    const runMs = performance.now() - began
    const outputs = onlyWanted(given)
    checkOutputs(model.signature, wanted, headersOf(outputs))
    return { outputs, runMs }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new RunFailedError(`model '${model.name}' failed: ${reason}`, { cause })
  }
}

function declarationId(name: string, signature: ModelSignature): ModelId {
  return contentId(new TextEncoder().encode(name + JSON.stringify(signature)))
}
