import type { WorkerId } from '../../src/inference/index.ts'
import { CancelledError, RejectedError, type WorkerTimings } from '../../src/runtime/index.ts'
import {
  CancelledByWorkerError,
  FirstByteTimeoutError,
  RejectedByWorkerError,
  RemoteRunError,
  ResultTimeoutError,
  SendTimeoutError
} from './errors.ts'
import type { Failure } from './messages.ts'
import type { OutboundRequest } from './request.ts'

/** What a worker tells its master of a task that has no result. */
export function failureOf(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof RejectedError) {
    return { code: error.reason, message, retryAfterMs: error.retryAfterMs }
  }
  if (error instanceof CancelledError) {
    return { code: 'cancelled', timings: error.timings && micros(error.timings), message }
  }
  return { code: 'run-failed', message }
}

export function micros({ queueMs, runMs }: WorkerTimings): { queueMicros: number; runMicros: number } {
  return { queueMicros: toMicros(queueMs), runMicros: toMicros(runMs) }
}

function toMicros(ms: number): number {
  return Math.min(Math.round(ms * 1000), 0xffffffff)
}

/** The error that a FAILED frame is for the owner of the task. */
export function failureError({ code, message, retryAfterMs }: Failure, worker: WorkerId): Error {
  const text = `worker ${worker}: ${message}`
  switch (code) {
    case 'run-failed':
      return new RemoteRunError(text)
    case 'cancelled':
      return new CancelledByWorkerError(text)
    case undefined:
      return new RemoteRunError(`${text} (its failure code is not known here)`)
    default:
      return new RejectedByWorkerError(code, text, retryAfterMs)
  }
}

/** The error of a task whose deadline passed in this stage. */
export function deadlineError(stage: OutboundRequest['stage'], worker: WorkerId): Error {
  switch (stage) {
    case 'waiting':
      return new SendTimeoutError(`the request waited for credit of worker ${worker} until its deadline`)
    case 'sent':
      return new FirstByteTimeoutError(`worker ${worker} neither accepted nor rejected the request by its deadline`)
    default:
      return new ResultTimeoutError(`worker ${worker} accepted the request and gave no result by its deadline`)
  }
}

/** What was thrown, as what an owner is told. */
export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
