import type { WorkerId } from '../../src/inference/index.ts'
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

/** The error that a FAILED frame is for the owner of the task. */
export function failureError({ code, message }: Failure, worker: WorkerId): Error {
  const text = `worker ${worker}: ${message}`
  switch (code) {
    case 'run-failed':
      return new RemoteRunError(text)
    case 'cancelled':
      return new CancelledByWorkerError(text)
    case undefined:
      return new RemoteRunError(`${text} (its failure code is not known here)`)
    default:
      return new RejectedByWorkerError(code, text)
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
