import { checkInputs, checkOutputs, checkWanted, headersOf, type Model } from '../models/index.ts'
import { checkCount, checkDistinctNames } from './check-options.ts'
import {
  ExecutorBusyError,
  ExecutorStoppedError,
  ModelNotFoundError,
  RunFailedError,
  RuntimeOptionError
} from './errors.ts'
import type { RunRequest, RunResult } from './executor.ts'
import type { LastingProcess, ProcessTimeouts } from './lasting-process.ts'
import { readModelFile } from './model-file.ts'
import type { OnnxExecutor, OnnxModel, ProviderReport } from './onnx-executor.ts'
import type { ReadyMessage } from './process-messages.ts'

export interface ProcessExecutorInit {
  /** A program and its arguments. It speaks `docs/protocols/executor.md` on its standard input and output. */
  command: readonly [string, ...string[]]
  /** Models that it must load; it may have others of its own. Default none. */
  models?: readonly OnnxModel[]
  /** Execution providers in order of preference. Default `['cpu']`. */
  providers?: readonly string[]
  /** Runs that it is asked to have in progress at once; how many it takes is its own choice. Default 1. */
  threads?: number
  /** Threads that it is asked to use inside one run. Default 1. */
  intraOpThreads?: number
  /** How often it is started again within five minutes. Default 5. */
  maxRestarts?: number
  timeouts?: Partial<ProcessTimeouts>
  /** Gets what it writes to stderr. Without it, only its last words are told, when it fails. */
  onStderr?(text: string): void
}

const TIMEOUTS: ProcessTimeouts = { start: 120_000, run: 30_000, stop: 5000 }

/**
 * Runs models in another process, for devices whose GPU build of ONNX Runtime exists only for another language. When the
 * process fails, the runs in it fail with that as their cause, and it is started again, which the next run waits for. When it
 * has failed too often, new runs are refused.
 *
 * `start()` also throws `ExecutorProcessError` when the process cannot do what is asked of it.
 *
 * @throws {DuplicateModelError} two models share a name
 * @throws {RuntimeOptionError} a number is not whole or too small, or there is no provider
 */
export function processExecutor(init: ProcessExecutorInit): OnnxExecutor {
  return new ProcessExecutor(init)
}

class ProcessExecutor implements OnnxExecutor {
  readonly #init: ProcessExecutorInit
  readonly #running = new Set<Promise<RunResult>>()
  #process: LastingProcess | undefined
  #models: Model[] = []
  #providers: ProviderReport[] = []
  #slots = 0
  #state: 'new' | 'started' | 'stopped' = 'new'
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined

  constructor(init: ProcessExecutorInit) {
    const { models = [], providers = ['cpu'], threads = 1, intraOpThreads = 1, maxRestarts = 0 } = init
    checkCount('threads', threads)
    checkCount('intraOpThreads', intraOpThreads)
    checkCount('maxRestarts', maxRestarts, 0)
    checkDistinctNames(models)
    if (providers.length === 0) {
      throw new RuntimeOptionError("name at least one execution provider, such as 'cpu'")
    }
    this.#init = init
  }

  get models(): readonly Model[] {
    return this.#models
  }

  get providers(): readonly ProviderReport[] {
    return this.#providers
  }

  /** As many as the process said that it takes. */
  get slots(): number {
    return this.#slots
  }

  async start(): Promise<void> {
    if (this.#state === 'stopped') {
      throw new ExecutorStoppedError('this executor was stopped: make a new one')
    }
    this.#starting ??= this.#start()
    await this.#starting
  }

  async stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    await this.#stopping
  }

  async run(request: RunRequest): Promise<RunResult> {
    if (this.#process === undefined || this.#state !== 'started') {
      throw new ExecutorStoppedError(`this executor is ${this.#state === 'stopped' ? 'stopped' : 'not started'}`)
    }
    const model = this.#models.find(({ id }) => id === request.model)
    if (model === undefined) {
      throw new ModelNotFoundError(`no model ${request.model} here`)
    }
    checkInputs(model.signature, headersOf(request.inputs))
    checkWanted(model.signature, request.outputs)
    if (this.#running.size >= this.#slots) {
      throw new ExecutorBusyError(`all ${this.#slots} slots are taken: keep at most so many runs in progress`)
    }
    const running = call(this.#process, model, request)
    this.#running.add(running)
    try {
      return await running
    } finally {
      this.#running.delete(running)
    }
  }

  async #start(): Promise<void> {
    const { command, models = [], providers = ['cpu'], threads = 1, intraOpThreads = 1 } = this.#init
    const { maxRestarts = 5, timeouts, onStderr = () => {} } = this.#init
    try {
      const files = await Promise.all(models.map(({ name, path }) => readModelFile(name, path)))
      const options = { providers, threads, intraOpThreads }
      const init = { command, files, options, maxRestarts, timeouts: { ...TIMEOUTS, ...timeouts }, onStderr }
      // what checks its messages is heavy, and most peers run no such process
      const { LastingProcess } = await import('./lasting-process.ts')
      this.#process = new LastingProcess(init)
      const ready = await this.#process.start()
      this.#slots = ready.slots
      this.#models = ready.models.map(({ id, name, inputs, outputs }) => ({ id, name, signature: { inputs, outputs } }))
      this.#providers = ready.models.flatMap(reportOf)
    } catch (error) {
      this.#state = 'stopped'
      throw error
    }
    if (this.#state === 'new') {
      this.#state = 'started'
    }
  }

  /** Ends a process that is being started again at once, else after its runs. */
  async #stop(): Promise<void> {
    this.#state = 'stopped'
    await Promise.allSettled([this.#starting])
    await this.#process?.stop(Promise.allSettled(this.#running))
  }
}

async function call(process: LastingProcess, { signature }: Model, request: RunRequest): Promise<RunResult> {
  try {
    const result = await process.run(request)
    checkOutputs(signature, request.outputs, headersOf(result.outputs))
    return result
  } catch (cause) {
    if (cause instanceof RunFailedError || cause instanceof ExecutorStoppedError) {
      throw cause
    }
    throw new RunFailedError(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

/** The models that it did not give to a provider of ONNX Runtime are its own. */
function reportOf({
  name,
  provider,
  partly = false,
  unavailable = []
}: ReadyMessage['models'][number]): ProviderReport[] {
  return provider === undefined ? [] : [{ thread: 0, model: name, provider, partly, unavailable }]
}
