import { checkInputs, checkWanted, headersOf, type Model, type ModelId } from '../models/index.ts'
import { checkCount, checkDistinctNames } from './check-options.ts'
import { entryUrl } from './entry-url.ts'
import { ExecutorBusyError, ExecutorStoppedError, ModelNotFoundError, RuntimeOptionError } from './errors.ts'
import type { Executor, RunRequest, RunResult } from './executor.ts'
import { checkUnchanged, type ModelFile, readModelFile } from './model-file.ts'
import { Thread } from './thread.ts'
import type { LoadedModel, UnavailableProvider } from './thread-messages.ts'
import { sessionBytes } from './warm-sessions.ts'

/** An ONNX model by its file, which must hold its weights. */
export interface OnnxModel {
  name: string
  path: string
}

export interface OnnxExecutorInit {
  models: readonly OnnxModel[]
  /** Runs that may be in progress at once; each thread keeps a session of every model. Default 1. */
  threads?: number
  /** Execution providers of ONNX Runtime in order of preference, such as `['cuda', 'cpu']`. Default `['cpu']`. */
  providers?: readonly string[]
  /** Threads that ONNX Runtime uses inside one run. Default 1. */
  intraOpThreads?: number
  /**
   * What the sessions of all threads may take together, in bytes. Beyond it the least recently used is released, and loaded
   * again when it is asked for. A session is taken to need twice its file and 16 MiB. Default: no bound.
   */
  maxSessionBytes?: number
}

/** Which provider a model got in a thread, and why those before it in the list did not work; `partly` as in {@link LoadedModel}. */
export interface ProviderReport {
  thread: number
  model: string
  provider: string
  partly: boolean
  unavailable: readonly UnavailableProvider[]
}

export interface OnnxExecutor extends Executor {
  /** One for each thread and model; complete once started. */
  readonly providers: readonly ProviderReport[]
}

/**
 * Runs ONNX models in ONNX Runtime, in threads: its `run()` blocks the thread that calls it. The content id is the
 * sha-256 of the file; the signature is read from it (symbolic axes become `null`). When a thread dies by itself, the
 * run in it fails, and from then on the executor refuses new runs: it never replaces the thread silently.
 *
 * `start()` also throws `ProviderUnavailableError` when none of the providers works.
 *
 * `start()` also throws `RuntimeOptionError` when the session of a model alone is beyond `maxSessionBytes`.
 *
 * @throws {DuplicateModelError} two models share a name
 * @throws {RuntimeOptionError} a number is not whole and ≥ 1, or there is no provider
 */
export function onnxExecutor(init: OnnxExecutorInit): OnnxExecutor {
  return new ThreadedExecutor(init, entryUrl(import.meta.url, 'onnx-thread'))
}

/** The executor over any entry that speaks `thread-messages.ts`. */
export class ThreadedExecutor implements OnnxExecutor {
  readonly slots: number
  readonly #entry: URL
  readonly #init: Required<OnnxExecutorInit>
  #threads: Thread[] = []
  #idle: Thread[] = []
  #models: Model[] = []
  #providers: ProviderReport[] = []
  #state: 'new' | 'started' | 'stopped' = 'new'
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined

  constructor(init: OnnxExecutorInit, entry: URL) {
    const {
      models,
      threads = 1,
      providers = ['cpu'],
      intraOpThreads = 1,
      maxSessionBytes = Number.MAX_SAFE_INTEGER
    } = init
    this.slots = checkCount('threads', threads)
    checkCount('intraOpThreads', intraOpThreads)
    checkCount('maxSessionBytes', maxSessionBytes)
    checkDistinctNames(models)
    if (providers.length === 0) {
      throw new RuntimeOptionError("name at least one execution provider, such as 'cpu'")
    }
    this.#init = { models, threads, providers, intraOpThreads, maxSessionBytes }
    this.#entry = entry
  }

  get models(): readonly Model[] {
    return this.#models
  }

  get providers(): readonly ProviderReport[] {
    return this.#providers
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
    this.#checkStarted()
    const model = this.#models.find(({ id }) => id === request.model)
    if (model === undefined) {
      throw new ModelNotFoundError(`no model ${request.model} here`)
    }
    checkInputs(model.signature, headersOf(request.inputs))
    checkWanted(model.signature, request.outputs)
    const thread = this.#takeIdle(model.id)
    try {
      return await thread.run(request)
    } finally {
      this.#idle.push(thread)
    }
  }

  /** One that has the model loaded, if there is one. */
  #takeIdle(model: ModelId): Thread {
    const warm = this.#idle.findIndex(thread => thread.isWarm(model))
    const [thread] = this.#idle.splice(warm, 1)
    if (thread === undefined) {
      throw new ExecutorBusyError(`all ${this.slots} threads are at work: keep at most so many runs in progress`)
    }
    return thread
  }

  async #start(): Promise<void> {
    const { models, threads, providers, intraOpThreads, maxSessionBytes } = this.#init
    const files = await Promise.all(models.map(({ name, path }) => readModelFile(name, path)))
    const share = Math.floor(maxSessionBytes / threads)
    checkShare(files, share)
    const data = { models: files, providers, intraOpThreads }
    this.#threads = Array.from({ length: threads }, () => new Thread(this.#entry, data, share))
    try {
      const loaded = await Promise.all(this.#threads.map(thread => thread.load()))
      await Promise.all(files.map(checkUnchanged))
      this.#models = loaded[0].map(({ id, name, signature }) => ({ id, name, signature }))
      this.#providers = loaded.flatMap(report)
    } catch (error) {
      this.#state = 'stopped'
      await this.#stopThreads()
      throw error
    }
    if (this.#state === 'new') {
      this.#idle = [...this.#threads]
      this.#state = 'started'
    }
  }

  async #stop(): Promise<void> {
    this.#state = 'stopped'
    await Promise.allSettled([this.#starting])
    await this.#stopThreads()
  }

  async #stopThreads(): Promise<void> {
    await Promise.all(this.#threads.map(thread => thread.stop()))
  }

  #checkStarted(): void {
    if (this.#state !== 'started') {
      throw new ExecutorStoppedError(`this executor is ${this.#state === 'new' ? 'not started' : 'stopped'}`)
    }
    const cause = this.#threads.find(({ died }) => died !== undefined)?.died
    if (cause !== undefined) {
      throw new ExecutorStoppedError(`this executor lost a thread (${cause.message}): stop it and make a new one`, {
        cause
      })
    }
  }
}

function checkShare(files: readonly ModelFile[], share: number): void {
  const large = files.find(file => sessionBytes(file) > share)
  if (large !== undefined) {
    throw new RuntimeOptionError(
      `the session of model '${large.name}' is estimated to need ${mib(sessionBytes(large))} in each thread, and ` +
        `maxSessionBytes leaves a thread ${mib(share)}: raise it, or take fewer threads`
    )
  }
}

function mib(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`
}

function report(models: LoadedModel[], thread: number): ProviderReport[] {
  return models.map(({ name, provider, partly, unavailable }) => ({
    thread,
    model: name,
    provider,
    partly,
    unavailable
  }))
}
