import { bytesPerElement, packedBytes, Tensor, unpack } from '../tensor/index.ts'
import type { TensorHeader } from './check-tensors.ts'
import type { NamedTensors } from './signature.ts'

/** Where a tensor may start: a multiple of the longest element, so that it can be viewed where it lies. */
const TENSOR_ALIGNMENT = 8

/**
 * Bytes of the body that holds these tensors in this order: each starts at a multiple of 8, nothing follows the last.
 * Never rounded for a size that a frame can have; shapes of any size from the other side give some larger number.
 */
export function bodyBytes(headers: readonly TensorHeader[]): number {
  return headers.reduce((end, header) => aligned(end) + tensorBytes(header), 0)
}

/** The parts of that body: the tensors' own memory, packed or not, and the padding between. */
export function bodyParts(tensors: ReadonlyArray<{ readonly bytes: Uint8Array }>): Uint8Array[] {
  const parts: Uint8Array[] = []
  let end = 0
  for (const { bytes } of tensors) {
    const padding = aligned(end) - end
    if (padding > 0) {
      parts.push(new Uint8Array(padding))
    }
    parts.push(bytes)
    end += padding + bytes.length
  }
  return parts
}

/** The tensors of a body as views of it, but for those that were packed. `body` is {@link bodyBytes} long. */
export function tensorsOf(headers: readonly TensorHeader[], body: Uint8Array): NamedTensors {
  let end = 0
  return Object.fromEntries(
    headers.map(header => {
      const start = aligned(end)
      end = start + tensorBytes(header)
      return [header.name, tensorOf(header, body.subarray(start, end))]
    })
  )
}

function tensorOf({ dtype, shape, packing }: TensorHeader, bytes: Uint8Array): Tensor {
  return packing === undefined ? Tensor.fromBytes(dtype, shape, bytes) : Tensor.float32(unpack(packing, bytes), shape)
}

function tensorBytes({ dtype, shape, packing }: TensorHeader): number {
  const elements = shape.reduce((size, length) => size * length, 1)
  return packing === undefined ? elements * bytesPerElement(dtype) : packedBytes(packing, elements)
}

function aligned(offset: number): number {
  return Math.ceil(offset / TENSOR_ALIGNMENT) * TENSOR_ALIGNMENT
}
