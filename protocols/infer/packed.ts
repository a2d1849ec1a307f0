import { bodyBytes, type NamedTensors, type TensorHeader } from '../../src/models/index.ts'
import { type Packing, pack, packedBytes, type Tensor } from '../../src/tensor/index.ts'

/** A tensor as it goes into a body: what a header says of it, and its bytes. */
export interface PackedTensor {
  header: TensorHeader
  bytes: Uint8Array
}

/**
 * Tensors for a body, the float32 ones in a shorter form if one is agreed. One that does not fit it goes as it is, and so
 * does one that it would not make shorter.
 */
export function packed(tensors: NamedTensors, packing: Packing | undefined): PackedTensor[] {
  return Object.entries(tensors).map(([name, tensor]) => packedTensor(name, tensor, packing))
}

function packedTensor(name: string, { dtype, shape, data, bytes }: Tensor, packing: Packing | undefined): PackedTensor {
  if (packing !== undefined && data instanceof Float32Array && packedBytes(packing, data.length) < bytes.length) {
    const shorter = pack(packing, data)
    if (shorter !== undefined) {
      return { header: { name, dtype, shape, packing }, bytes: shorter }
    }
  }
  return { header: { name, dtype, shape }, bytes }
}

/** Bytes that these tensors take once they are unpacked: what bounds the memory of a peer. */
export function unpackedBytes(headers: readonly TensorHeader[]): number {
  return bodyBytes(headers.map(({ name, dtype, shape }) => ({ name, dtype, shape })))
}
