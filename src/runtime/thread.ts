import { Worker } from 'node:worker_threads'
import type { ModelId } from '../models/index.ts'
import { ModelLoadError, ProviderUnavailableError, RunFailedError } from './errors.ts'
import type { RunRequest, RunResult } from './executor.ts'
import type { ModelFile } from './model-file.ts'
import { type FromThread, type LoadedModel, pack, type ThreadData, type ToThread, unpack } from './thread-messages.ts'
import { sessionBytes, WarmSessions } from './warm-sessions.ts'

/**
 * One thread, seen from outside: it does one thing at a time. It is never terminated, for that aborts the whole process
 * when ONNX Runtime is at work in it; it ends when it is told to, after what it does.
 */
export class Thread {
  readonly #worker: Worker
  readonly #models: readonly ModelFile[]
  /** What the other side has loaded, or will have after what it does. */
  readonly #warm: WarmSessions
  readonly #exited: Promise<void>
  /** The answer to what it was asked last; at first that is to load its models. */
  #answer = Promise.withResolvers<FromThread>()
  /** Of the run in progress. */
  #early: RunRequest['early']
  #died: Error | undefined

  /** @param maxSessionBytes what its sessions may take together */
  constructor(entry: URL, init: Omit<ThreadData, 'warm'>, maxSessionBytes: number) {
    this.#models = init.models
    this.#warm = new WarmSessions(maxSessionBytes)
    const workerData: ThreadData = { ...init, warm: init.models.filter(file => this.#keep(file)).map(({ id }) => id) }
    this.#worker = new Worker(entry, { workerData })
    this.#worker.on('message', (message: FromThread) => {
      if (message.type === 'early') {
        this.#early?.(unpack(message.outputs))
      } else {
        this.#answer.resolve(message)
      }
    })
    this.#worker.on('error', cause => this.#die(`a thread of the executor failed: ${cause.message}`, { cause }))
    this.#exited = new Promise(resolve => {
      this.#worker.on('exit', code => {
        this.#die(`a thread of the executor ended by itself with exit code ${code}`)
        resolve()
      })
    })
  }

  /** Why it is gone. */
  get died(): Error | undefined {
    return this.#died
  }

  isWarm(model: ModelId): boolean {
    return this.#warm.has(model)
  }

  /**
   * The models, once they are loaded.
   *
   * @throws {ModelLoadError} one of them cannot be loaded
   * @throws {ProviderUnavailableError} none of the providers works
   */
  async load(): Promise<LoadedModel[]> {
    const answer = await this.#answer.promise
    if (answer.type !== 'loaded') {
      throw failure(answer)
    }
    return answer.models
  }

  /**
   * One run; the caller awaits its end before the next. A cold model is loaded first, those least recently used make room.
   *
   * @throws {RunFailedError} the model failed, a cold one could not be loaded, or the thread died
   */
  async run(request: RunRequest): Promise<RunResult> {
    this.#send(request)
    this.#early = request.early
    const answer = await this.#answer.promise
    if (answer.type !== 'result') {
      const cause = failure(answer)
      throw cause instanceof RunFailedError ? cause : new RunFailedError(cause.message, { cause })
    }
    const { outputs, runMs, loadMs } = answer
    return { outputs: unpack(outputs), runMs, loadMs }
  }

  /** Ends the thread after what it does. */
  async stop(): Promise<void> {
    await Promise.allSettled([this.#answer.promise])
    const message: ToThread = { type: 'stop' }
    this.#worker.postMessage(message)
    await this.#exited
  }

  #send({ model, inputs, outputs }: RunRequest): void {
    if (this.#died !== undefined) {
      throw this.#died
    }
    try {
      const { packed, transfer } = pack(inputs)
      const evict = this.#use(model)
      const message: ToThread = { type: 'run', model, evict, inputs: packed, outputs }
      this.#worker.postMessage(message, transfer)
    } catch (cause) {
      throw new RunFailedError('the inputs cannot be moved to a thread: were they given away before?', { cause })
    }
    // Only now: a message that was not sent has no answer to wait for.
    this.#answer = Promise.withResolvers()
  }

  #use(model: ModelId): ModelId[] {
    const file = this.#models.find(({ id }) => id === model)
    return file === undefined ? [] : this.#warm.use(model, sessionBytes(file))
  }

  /** The models that fit are kept from the start, the first named first. */
  #keep(file: ModelFile): boolean {
    const fits = this.#warm.fits(sessionBytes(file))
    if (fits) {
      this.#warm.use(file.id, sessionBytes(file))
    }
    return fits
  }

  #die(message: string, options?: ErrorOptions): void {
    this.#died ??= new RunFailedError(message, options)
    this.#answer.reject(this.#died)
  }
}

/** The error that the thread reported, as the class it was there. */
function failure(answer: FromThread): Error {
  if (answer.type !== 'failed') {
    return new RunFailedError(`a thread answered '${answer.type}' out of turn`)
  }
  switch (answer.name) {
    case 'ModelLoadError':
      return new ModelLoadError(answer.message)
    case 'ProviderUnavailableError':
      return new ProviderUnavailableError(answer.message)
    default:
      return new RunFailedError(`ONNX Runtime failed: ${answer.message}`)
  }
}
