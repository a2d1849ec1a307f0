import { bodyBytes } from '../../src/models/index.ts'
import { type Admission, RejectedError, type Ticket } from '../../src/runtime/index.ts'
import type { Request } from './messages.ts'
import { unpackedBytes } from './packed.ts'

/** What the worker knows of a request beside its header. */
export interface Arrival {
  bodyLength: number
  /** The largest body it takes. */
  maxBodyBytes: number
  now: number
}

/**
 * A place for a request, judged by its header, before its body is read.
 *
 * @throws {RejectedError} the body has another length, its tensors are too large, or the worker's queue does not take it
 */
export function admit(
  admission: Admission,
  { model, inputs, outputs, remaining }: Request,
  { bodyLength, maxBodyBytes, now }: Arrival
): Ticket {
  const bytes = bodyBytes(inputs)
  if (bytes !== bodyLength) {
    throw new RejectedError('bad-input', `the tensors of the header take ${bytes} bytes, the body has ${bodyLength}`)
  }
  const unpacked = unpackedBytes(inputs)
  if (unpacked > maxBodyBytes) {
    throw new RejectedError(
      'bad-input',
      `unpacked the tensors take ${unpacked} bytes, at most ${maxBodyBytes} are taken`
    )
  }
  return admission.admit({ model, inputs, outputs, deadline: now + remaining })
}
