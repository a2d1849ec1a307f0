import type { WorkerId } from '../../src/inference/index.ts'
import { bodyBytes, checkOutputs } from '../../src/models/index.ts'
import { InvalidResultError } from './errors.ts'
import type { Result } from './messages.ts'
import type { OutboundRequest } from './request.ts'

/**
 * Judges a result by its header, before its body is read.
 *
 * @throws {InvalidResultError} its outputs are not those of the model and of the request, or the body has another length
 */
export function checkResult(
  worker: WorkerId,
  { model, outputs }: OutboundRequest,
  result: Result,
  bodyLength: number
): void {
  const what = `worker ${worker} gave a wrong result of model '${model.name}'`
  try {
    checkOutputs(model.signature, outputs, result.outputs)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new InvalidResultError(`${what}: ${reason}`, { cause })
  }
  const bytes = bodyBytes(result.outputs)
  if (bytes !== bodyLength) {
    throw new InvalidResultError(`${what}: the outputs of its header take ${bytes} bytes, its body has ${bodyLength}`)
  }
}
