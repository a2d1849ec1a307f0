import type { WorkerId } from '../fleet/index.ts'
import type { ModelId, NamedTensors } from '../models/index.ts'

/** Milliseconds: a length of time, or a moment on the clock that is in use. */
export type Millis = number

/** The master as the worker of tasks that it runs by itself: a channel like the others, in the same process. */
export const SELF: WorkerId = 'self'

/** One tensor (or named tensors) for one model, to be run by one worker. */
export interface Task {
  model: ModelId
  /** The model's inputs by name, batch axis included. The channel reads them; it never changes or keeps them. */
  inputs: NamedTensors
  /** Names of the outputs to send back. */
  outputs: readonly string[]
  /** When the result stops being of use, on the clock of the channel's owner. */
  deadline: Millis
}

/** Where the time of a task went. `network` is what is left of the round trip after the worker's own queue and run. */
export interface TaskTimings {
  queue: Millis
  run: Millis
  network: Millis
}

export interface TaskResult {
  outputs: NamedTensors
  timings: TaskTimings
}

export interface TaskCallbacks {
  /** The worker took the task into its queue. Called at most once, before the terminal callback. */
  accepted(): void
  /** Wanted outputs that are there before the run is over, each once at most; the result has them all the same. */
  early?(outputs: NamedTensors): void
  result(result: TaskResult): void
  /** The error's `code` names the stage: dial, send, first byte, result, rejected, cancelled. */
  failed(error: Error): void
}

/** What a channel still learns of a task that was cancelled: how it ended at the worker, and its timings if it ran. */
export interface Observation {
  worker: WorkerId
  model: ModelId
  outcome: 'result' | 'failed'
  timings?: TaskTimings
}

/**
 * The seam between the master and a worker; real over libp2p, local in process, virtual in the simulator. Every
 * implementation promises: exactly one of `result` and `failed` is called for each `submit`, the last of all, never after `cancel()`
 * (which is silent, idempotent, and of no effect after the terminal callback), and it may be called synchronously.
 * What becomes known of a cancelled task goes to the owner's `observe` hook.
 */
export interface WorkerChannel {
  readonly worker: WorkerId
  submit(task: Task, callbacks: TaskCallbacks): { cancel(): void }
}

/** Time as a parameter. */
export interface Clock {
  now(): Millis
  /** Calls `fire` once at `at` or as soon after as possible; the returned function disarms it. */
  setTimer(at: Millis, fire: () => void): () => void
}
