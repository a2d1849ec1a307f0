import type { Model, ModelId, NamedTensors, TensorHeader } from '../models/index.ts'
import type { BatchTimes } from './batch-times.ts'
import { BoundedQueue } from './bounded-queue.ts'
import type { WorkerTimings } from './errors.ts'
import type { Executor, RunRequest } from './executor.ts'

/** What a worker knows of a task before its tensors have come. */
export interface TaskHeader {
  model: ModelId
  inputs: readonly TensorHeader[]
  /** Names of the outputs that are wanted. */
  outputs: readonly string[]
  /** When the result stops being of use: ms on this worker's clock. */
  deadline: number
}

/** What a task gave, and where its time went. */
export interface TaskOutcome extends WorkerTimings {
  outputs: NamedTensors
}

/** A place that is reserved for one task. It ends by exactly one of `run`'s outcomes; every end frees the place. */
export interface Ticket {
  /**
   * The inputs of the header are here: run as soon as a slot is free. They are taken over, as by the executor. A second
   * call gives the promise of the first.
   *
   * @param early called with outputs that are there before the run is over, as the executor does; not once it was cancelled
   * @throws {RejectedError} by reason `deadline` or `stopping`: it never ran
   * @throws {CancelledError} it was cancelled: at once if it had not begun, else with timings when its run has ended
   * @throws {RunFailedError} the model failed (cancelled or not), or gave other outputs than were asked for
   */
  run(inputs: NamedTensors, early?: RunRequest['early']): Promise<TaskOutcome>
  /**
   * Gives the place back. A task that waits never runs; one that runs keeps its slot to the end of the run, and its
   * result is dropped. Of no effect after the end.
   */
  cancel(): void
}

export interface AdmissionInit {
  executor: Executor
  /** Tasks that may wait beside those that run. Default 256. */
  maxQueued?: number
  /** Bytes of inputs of all tasks that wait or run. Default 256 MiB. */
  maxQueuedBytes?: number
  /** What `measureBatchTimes` found: tasks of these models may share a run. Default none. */
  batchTimes?: BatchTimes
  /** The clock of the deadlines, in ms. Default `performance.now()`. */
  now?: () => number
}

/** How busy a worker is. */
export interface Load {
  /** Runs that could begin at once. */
  slotsFree: number
  /** Tasks that wait for one. */
  queued: number
  /** Mean time that a task takes of a slot, in ms, of late; only of models that have run. */
  taskMs: ReadonlyMap<ModelId, number>
}

/** The bounded queue in front of an executor. */
export interface Admission {
  /** The models of the executor. */
  readonly models: readonly Model[]
  readonly load: Load
  /**
   * Judges a task by its header and reserves its place at once, so that a body is only read for a task that will be
   * kept.
   *
   * @throws {RejectedError} with the reason; `cause` says more of a bad input
   */
  admit(header: TaskHeader): Ticket
  /** Rejects what waits (`stopping`) and awaits what runs; the executor itself is left to its owner. Idempotent. */
  stop(): Promise<void>
}

/**
 * Puts a bounded queue in front of an executor: the earliest deadline first; at most `executor.slots` runs at once. No
 * timer watches the deadlines: a task is judged when its turn comes, and those that are late make room when the queue is
 * full.
 *
 * @throws {RuntimeOptionError} a bound is not a whole number
 */
export function admission(init: AdmissionInit): Admission {
  return new BoundedQueue(init)
}
