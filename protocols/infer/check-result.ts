import type { WorkerId } from '../../src/inference/index.ts'
import { bodyBytes, checkOutputs, type Model } from '../../src/models/index.ts'
import { InvalidResultError } from './errors.ts'
import type { Hello } from './messages.ts'
import { unpackedBytes } from './packed.ts'
import type { Coming } from './request.ts'

/** What the master takes, and what the worker's frame has. */
export interface ResultBounds extends Pick<Hello, 'maxBodyBytes' | 'packings'> {
  bodyLength: number
}

/**
 * Judges the outputs of a result, or of what comes before it, by their header, before the body is read.
 *
 * @throws {InvalidResultError} the outputs are not those of the model and of the request, they come in a form or size that
 *   the master does not take, or the body has another length
 */
export function checkResult(
  worker: WorkerId,
  model: Model,
  { wanted, given }: Coming,
  { maxBodyBytes, packings, bodyLength }: ResultBounds
): void {
  const what = `worker ${worker} gave a wrong result of model '${model.name}'`
  try {
    checkOutputs(model.signature, wanted, given)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new InvalidResultError(`${what}: ${reason}`, { cause })
  }
  const bytes = bodyBytes(given)
  if (bytes !== bodyLength) {
    throw new InvalidResultError(`${what}: the outputs of its header take ${bytes} bytes, its body has ${bodyLength}`)
  }
  const unagreed = given.find(({ packing }) => packing !== undefined && !packings.includes(packing))
  if (unagreed !== undefined) {
    throw new InvalidResultError(`${what}: it sent '${unagreed.name}' as ${unagreed.packing}, which was not agreed`)
  }
  const unpacked = unpackedBytes(given)
  if (unpacked > maxBodyBytes) {
    throw new InvalidResultError(`${what}: unpacked it takes ${unpacked} bytes, at most ${maxBodyBytes} are taken`)
  }
}
