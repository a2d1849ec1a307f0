import { resolve } from 'node:path'
import { checkDistinctNames } from './check-options.ts'
import { ExecutorStoppedError } from './errors.ts'
import type { RunRequest, RunResult } from './executor.ts'
import { checkUnchanged, type ModelFile } from './model-file.ts'
import { garbage } from './process-frames.ts'
import type { ReadyMessage, StartMessage } from './process-messages.ts'
import { WorkerProcess } from './worker-process.ts'

/** How long a process may take, in ms, before it is taken to hang. */
export interface ProcessTimeouts {
  /** To load its models. Default 120 s: a GPU may have to compile them. */
  start: number
  /** For one run. Default 30 s. */
  run: number
  /** To end when it is told to. Default 5 s. */
  stop: number
}

export interface LastingProcessInit {
  command: readonly [string, ...string[]]
  files: readonly ModelFile[]
  options: Pick<StartMessage, 'providers' | 'threads' | 'intraOpThreads'>
  timeouts: ProcessTimeouts
  maxRestarts: number
  onStderr(text: string): void
}

/** Restarts are counted within these: a process that fails once a day may do so for ever. */
const WINDOW_MS = 300_000

/** A worker process that is started again when it fails, as the same as before, and so often within five minutes. */
export class LastingProcess {
  readonly #init: LastingProcessInit
  #restarts: number[] = []
  #stopping = false
  #restarting = false
  /** The newest, ready or not. */
  #process: WorkerProcess | undefined
  /** What the first one said that it can do. */
  #face: string | undefined
  /** Who takes the next run. */
  #ready: Promise<WorkerProcess> | undefined

  constructor(init: LastingProcessInit) {
    this.#init = init
  }

  /** @throws {ExecutorProcessError | ModelLoadError | DuplicateModelError} the process cannot do what is asked of it */
  async start(): Promise<ReadyMessage> {
    const { process, ready } = await this.#launch()
    this.#ready = Promise.resolve(process)
    return ready
  }

  /**
   * Waits for a process that is being started again.
   *
   * @throws {RunFailedError} the model failed on these inputs
   * @throws {ExecutorProcessError} the process failed in this run
   * @throws {ExecutorStoppedError} it has failed too often, or was stopped
   */
  async run(request: RunRequest): Promise<RunResult> {
    const process = await this.#ready
    if (process === undefined) {
      throw new ExecutorStoppedError('the process that runs the models was not started')
    }
    return process.run(request, this.#init.timeouts.run)
  }

  /** Leaves nothing running. Runs in progress end first; one that waits for a new process waits in vain. */
  async stop(runsEnded: Promise<unknown>): Promise<void> {
    this.#stopping = true
    if (!this.#restarting) {
      await runsEnded
    }
    await this.#process?.stop(this.#init.timeouts.stop)
  }

  async #launch(): Promise<{ process: WorkerProcess; ready: ReadyMessage }> {
    const { command, files, options, timeouts, onStderr } = this.#init
    const process = new WorkerProcess(command, onStderr)
    this.#process = process
    try {
      const models = files.map(({ id, name, path }) => ({ id, name, path: resolve(path) }))
      const ready = await process.start({ type: 'start', version: 1, models, ...options }, timeouts.start)
      await Promise.all(files.map(checkUnchanged))
      this.#checkReady(ready)
      if (this.#stopping) {
        throw new ExecutorStoppedError('the executor is stopped')
      }
      this.#restarting = false
      void process.closed.then(reason => this.#replace(reason))
      return { process, ready }
    } catch (error) {
      await process.stop(0)
      throw error
    }
  }

  #checkReady(ready: ReadyMessage): void {
    checkDistinctNames(ready.models)
    const missing = this.#init.files.find(
      ({ id, name }) => !ready.models.some(model => model.id === id && model.name === name)
    )
    if (missing !== undefined) {
      throw garbage(`it says that it is ready, without the model '${missing.name}'`)
    }
    const face = JSON.stringify([
      ready.slots,
      ready.models.map(({ id, name, inputs, outputs }) => [id, name, inputs, outputs])
    ])
    this.#face ??= face
    if (face !== this.#face) {
      throw garbage('it came back with other models or slots than it had')
    }
  }

  #replace(reason: Error): void {
    this.#restarting = true
    this.#ready = this.#restart(reason)
    // Nobody may be waiting for it.
    this.#ready.catch(() => {})
  }

  async #restart(reason: unknown): Promise<WorkerProcess> {
    const now = performance.now()
    this.#restarts = this.#restarts.filter(at => now - at < WINDOW_MS)
    if (this.#stopping) {
      throw new ExecutorStoppedError('the executor is stopped', { cause: reason })
    }
    if (this.#restarts.length >= this.#init.maxRestarts) {
      const last = reason instanceof Error ? reason.message : String(reason)
      throw new ExecutorStoppedError(
        `the process that runs the models failed and was started again ${this.#init.maxRestarts} times within five minutes, ` +
          `so it is not started any more: stop this executor and make a new one when that is mended. The last time: ${last}`,
        { cause: reason }
      )
    }
    this.#restarts.push(now)
    try {
      return (await this.#launch()).process
    } catch (error) {
      return this.#restart(error)
    }
  }
}
