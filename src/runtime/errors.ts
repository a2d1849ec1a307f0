/** A model cannot be loaded: its file is missing, is no model, or is one that cannot be served here. */
export class ModelLoadError extends Error {
  override readonly name = 'ModelLoadError'
  readonly code = 'ERR_MODEL_LOAD'
}

/** Two models of one executor share a name. */
export class DuplicateModelError extends Error {
  override readonly name = 'DuplicateModelError'
  readonly code = 'ERR_DUPLICATE_MODEL'
}

/** No model of this id is here. */
export class ModelNotFoundError extends Error {
  override readonly name = 'ModelNotFoundError'
  readonly code = 'ERR_MODEL_NOT_FOUND'
}

/** The runtime failed on these inputs, or gave something else than it was asked for. */
export class RunFailedError extends Error {
  override readonly name = 'RunFailedError'
  readonly code = 'ERR_RUN_FAILED'
}

/** The executor is not started, stopping, stopped, or lost a thread. */
export class ExecutorStoppedError extends Error {
  override readonly name = 'ExecutorStoppedError'
  readonly code = 'ERR_EXECUTOR_STOPPED'
}

/** More runs at once than the executor has slots: it never queues, its caller does. */
export class ExecutorBusyError extends Error {
  override readonly name = 'ExecutorBusyError'
  readonly code = 'ERR_EXECUTOR_BUSY'
}

/** How a process that runs models failed. */
export type ProcessFailure = 'not-started' | 'refused' | 'exited' | 'hung' | 'protocol'

/** The process that runs the models did not start, refused to, ended by itself, said nothing for too long, or wrote garbage. */
export class ExecutorProcessError extends Error {
  override readonly name = 'ExecutorProcessError'
  readonly code = 'ERR_EXECUTOR_PROCESS'
  readonly reason: ProcessFailure

  constructor(reason: ProcessFailure, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

/** None of the execution providers that were asked for works on this machine. */
export class ProviderUnavailableError extends Error {
  override readonly name = 'ProviderUnavailableError'
  readonly code = 'ERR_PROVIDER_UNAVAILABLE'
}

/** An option of the runtime has a value that makes no sense. */
export class RuntimeOptionError extends Error {
  override readonly name = 'RuntimeOptionError'
  readonly code = 'ERR_RUNTIME_OPTION'
}

/** Why a worker does not take a task, or drops it before it ran. */
export type RejectionReason = 'unknown-model' | 'bad-input' | 'queue-full' | 'deadline' | 'stopping'

/** The worker does not run this task: nothing was computed. */
export class RejectedError extends Error {
  override readonly name = 'RejectedError'
  readonly code = 'ERR_REJECTED'
  readonly reason: RejectionReason
  /** When it makes sense to ask again, in ms from now, if the queue was full and runs were measured. */
  readonly retryAfterMs: number | undefined

  constructor(reason: RejectionReason, message: string, options: ErrorOptions & { retryAfterMs?: number } = {}) {
    super(message, options)
    this.reason = reason
    this.retryAfterMs = options.retryAfterMs
  }
}

/** Where the time of a task went at the worker, in ms. */
export interface WorkerTimings {
  /** From the moment its inputs were there to the start of the run, the loading of a cold model included. */
  queueMs: number
  /** Inside the model. */
  runMs: number
}

/** The task was cancelled; if it had already begun, its run went on to the end and the result was dropped. */
export class CancelledError extends Error {
  override readonly name = 'CancelledError'
  readonly code = 'ERR_CANCELLED'
  /** Of a run that came to its end although cancelled: what a latency tracker can still learn. */
  readonly timings: WorkerTimings | undefined

  constructor(message: string, timings?: WorkerTimings) {
    super(message)
    this.timings = timings
  }
}
