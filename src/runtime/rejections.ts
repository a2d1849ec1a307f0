import { CancelledError, RejectedError } from './errors.ts'

export function cancelled(): CancelledError {
  return new CancelledError('the task was cancelled before it ran')
}

export function stopping(cause?: Error): RejectedError {
  return new RejectedError('stopping', 'this worker is stopping: ask another one', { cause })
}

export function late(when: string): RejectedError {
  return new RejectedError('deadline', `the deadline of the task had passed ${when}: it was not run`)
}
