import { checkInputs, checkWanted, type Model } from '../models/index.ts'
import { bytesPerElement, elements } from '../tensor/index.ts'
import type { TaskHeader } from './admission.ts'
import { RejectedError } from './errors.ts'

/**
 * Judges by its header whether one of these models takes a task.
 *
 * @returns the bytes of its inputs
 * @throws {RejectedError} `unknown-model` or `bad-input`
 */
export function judgeTask(models: readonly Model[], { model: id, inputs, outputs }: TaskHeader): number {
  const model = models.find(each => each.id === id)
  if (model === undefined) {
    throw new RejectedError('unknown-model', `no model ${id} here: ask the peer for the models it serves`)
  }
  try {
    checkInputs(model.signature, inputs)
    checkWanted(model.signature, outputs)
    return inputs.reduce((bytes, { dtype, shape }) => bytes + elements(shape) * bytesPerElement(dtype), 0)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new RejectedError('bad-input', `model '${model.name}' does not take this task: ${reason}`, { cause })
  }
}
