import { UnsafeModelError } from './errors.ts'
import type { TensorProto } from './onnx/index.ts'

const MAX_AXES = 16

const STRING = 8

/** Bits of an element by ONNX data type, those of both parts of a complex number together; a string has no size. */
const BITS: ReadonlyArray<number | undefined> = [
  undefined,
  ...[32, 8, 8, 16, 16, 32, 64, undefined, 8, 16, 64, 32, 64, 64, 128, 16],
  ...[8, 8, 8, 8, 4, 4, 4, 8, 2, 2]
]

const COMPLEX = [14, 15]

/**
 * Checks that a tensor has exactly the data of its shape: in a file of 1 KB, nothing can stand for 1 TB.
 *
 * @throws {UnsafeModelError} `tensor-size`
 */
export function checkTensorSize(tensor: TensorProto): void {
  const { name, dims, dataType, segment, rawData, stringData } = tensor
  const bits = BITS[dataType]
  const elements = dims.reduce((product, length) => product * Number(length), 1)
  const listed = [tensor.floatData, tensor.int32Data, tensor.int64Data, tensor.doubleData, tensor.uint64Data]
  const values = listed.reduce((sum, { length }) => sum + length, 0)
  const fits =
    dataType === STRING
      ? stringData.length === elements
      : bits !== undefined &&
        (rawData.length > 0
          ? rawData.length === bytesOf(elements, bits)
          : values === valuesOf(elements, dataType, bits))
  if (!fits || segment !== undefined || dims.length > MAX_AXES || dims.some(length => length < 0n)) {
    throw new UnsafeModelError(
      'tensor-size',
      `the tensor '${name}' of the shape [${dims.slice(0, MAX_AXES).join(', ')}] and the data type ${dataType} comes with ` +
        `${rawData.length} bytes and ${values + stringData.length} values: that is not its size`
    )
  }
}

function bytesOf(elements: number, bits: number): number {
  return Math.ceil((elements * bits) / 8)
}

/** Listed one by one, a complex number takes two values, and one value holds all the elements that fit a byte. */
function valuesOf(elements: number, dataType: number, bits: number): number {
  return COMPLEX.includes(dataType) ? 2 * elements : Math.ceil(elements / Math.max(8 / bits, 1))
}
