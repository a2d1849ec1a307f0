import type { WorkerChannel } from '../src/inference/index.ts'
import type { ModelId } from '../src/models/index.ts'

/** A worker's channel that takes tasks for models which stand for several variants too, and has it run the one that it serves. */
export function variantChannel(
  channel: WorkerChannel,
  variantOf: (model: ModelId) => ModelId | undefined
): WorkerChannel {
  return {
    worker: channel.worker,
    submit: (task, callbacks) => channel.submit({ ...task, model: variantOf(task.model) ?? task.model }, callbacks)
  }
}
