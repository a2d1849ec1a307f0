import type { Task, TaskCallbacks, WorkerId } from '../../src/inference/index.ts'
import { RejectedByWorkerError } from './errors.ts'
import type { Hello } from './messages.ts'
import { OutboundRequest, type RequestObserver } from './request.ts'

/**
 * The request that a task is at a worker which has granted this.
 *
 * @throws {RejectedByWorkerError} the worker has not said that it serves the model, or takes less than the inputs
 */
export function requestFor(
  task: Task,
  callbacks: TaskCallbacks,
  worker: WorkerId,
  granted: Hello | undefined,
  observe: RequestObserver
): OutboundRequest {
  const model = granted?.models.find(({ id }) => id === task.model)
  if (granted === undefined || model === undefined) {
    throw new RejectedByWorkerError('unknown-model', `worker ${worker} has no model ${task.model}`)
  }
  const request = new OutboundRequest(task, model, callbacks, observe)
  const most = Math.min(granted.bytes, granted.maxBodyBytes)
  if (request.bytes > most) {
    const message = `the inputs take ${request.bytes} bytes, worker ${worker} takes at most ${most}`
    throw new RejectedByWorkerError('too-large', message)
  }
  return request
}
