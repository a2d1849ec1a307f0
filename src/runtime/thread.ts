import { Worker } from 'node:worker_threads'
import { ModelLoadError, ProviderUnavailableError, RunFailedError } from './errors.ts'
import type { RunRequest, RunResult } from './executor.ts'
import { type FromThread, type LoadedModel, pack, type ThreadData, type ToThread, unpack } from './thread-messages.ts'

/**
 * One thread, seen from outside: it does one thing at a time. It is never terminated, for that aborts the whole process
 * when ONNX Runtime is at work in it; it ends when it is told to, after what it does.
 */
export class Thread {
  readonly #worker: Worker
  readonly #exited: Promise<void>
  /** The answer to what it was asked last; at first that is to load its models. */
  #answer = Promise.withResolvers<FromThread>()
  #died: Error | undefined

  constructor(entry: URL, data: ThreadData) {
    this.#worker = new Worker(entry, { workerData: data })
    this.#worker.on('message', (message: FromThread) => this.#answer.resolve(message))
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
   * One run; the caller awaits its end before the next.
   *
   * @throws {RunFailedError} the model failed, or the thread died
   */
  async run(request: RunRequest): Promise<RunResult> {
    this.#send(request)
    const answer = await this.#answer.promise
    if (answer.type !== 'result') {
      throw failure(answer)
    }
    return { outputs: unpack(answer.outputs), runMs: answer.runMs }
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
      const message: ToThread = { type: 'run', model, inputs: packed, outputs }
      this.#worker.postMessage(message, transfer)
    } catch (cause) {
      throw new RunFailedError('the inputs cannot be moved to a thread: were they given away before?', { cause })
    }
    // Only now: a message that was not sent has no answer to wait for.
    this.#answer = Promise.withResolvers()
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
