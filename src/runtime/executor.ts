import type { Model, ModelId, NamedTensors } from '../models/index.ts'

/** One run of a model on a batch. */
export interface RunRequest {
  model: ModelId
  /**
   * Every input of the model by name, with its batch axis. The executor takes them over: their memory may be moved to
   * another thread, so the caller must not touch them again.
   */
  inputs: NamedTensors
  /** The outputs that are wanted, by name. */
  outputs: readonly string[]
  /**
   * Called with wanted outputs that are there before the run is over, each once at most. The result has them all the same. An
   * executor that knows of no exits never calls it.
   */
  early?(outputs: NamedTensors): void
}

/** What a run gave. */
export interface RunResult {
  outputs: NamedTensors
  /** Time inside the model alone, in ms. */
  runMs: number
  /** Time that it took to load the model first, in ms; absent where it was loaded already. */
  loadMs?: number
}

/**
 * Runs models on batches. It never queues: callers keep at most {@link Executor.slots} runs in progress (see
 * `admission.ts`).
 */
export interface Executor {
  /** The models it can run; complete once started. */
  readonly models: readonly Model[]
  /** How many runs may be in progress at once. */
  readonly slots: number
  /**
   * Idempotent; when it fails nothing is left running. An executor that was stopped cannot be started again.
   *
   * @throws {ModelLoadError} a model cannot be loaded
   * @throws {ExecutorStoppedError} it was stopped
   */
  start(): Promise<void>
  /** Refuses new runs, awaits those in progress, releases everything. Idempotent. */
  stop(): Promise<void>
  /**
   * @throws {ModelNotFoundError} no such model here
   * @throws {SignatureMismatchError} an input is missing or unknown, an output is unknown, or none is wanted
   * @throws {DtypeMismatchError} an input has another dtype than the model takes
   * @throws {ShapeMismatchError} an input has a shape that the model does not take
   * @throws {RunFailedError} the runtime failed on these inputs, or could not load a cold model; other runs are not touched
   * @throws {ExecutorBusyError} all slots are taken
   * @throws {ExecutorStoppedError} not started, stopping or stopped
   */
  run(request: RunRequest): Promise<RunResult>
}
