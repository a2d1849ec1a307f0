/**
 * @packageDocumentation
 *
 * Tensors: dtype, shape and data, `.npy` files, half-precision floats, the byte layout on the wire (little-endian,
 * row-major), and its shorter forms. This folder imports nothing.
 */
export { arrayOf, bytesPerElement, type DataOf, DTYPES, type Dtype, isDtype, isFloat } from './dtype.ts'
export { DtypeMismatchError, NpyFormatError, ShapeMismatchError } from './errors.ts'
export { float16ToFloat32, float32ToFloat16 } from './float16.ts'
export { formatNpy, parseNpy } from './npy.ts'
export { type Packing, pack, packedBytes, unpack } from './packing.ts'
export { allFinite, elements, type Shape, sameShape, stack, Tensor } from './tensor.ts'
