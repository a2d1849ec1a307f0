/**
 * The element types a tensor can have. `float16` data is kept as raw IEEE 754 half-precision bits in a `Uint16Array`, so
 * that it works on every supported Node (see `float16.ts` for the conversions).
 */
export type Dtype = keyof typeof ARRAYS

const ARRAYS = {
  float32: Float32Array,
  float16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int32: Int32Array,
  int64: BigInt64Array
}

/** The typed array that holds the elements of a tensor of dtype `D`. */
export type DataOf<D extends Dtype> = {
  float32: Float32Array
  float16: Uint16Array
  int8: Int8Array
  uint8: Uint8Array
  int32: Int32Array
  int64: BigInt64Array
}[D]

export const DTYPES = Object.keys(ARRAYS) as Dtype[]

export function isDtype(name: string): name is Dtype {
  return Object.hasOwn(ARRAYS, name)
}

/** The typed array class of a dtype. */
export function arrayOf<D extends Dtype>(dtype: D): (typeof ARRAYS)[D] {
  return ARRAYS[dtype]
}

/** Bytes per element. */
export function bytesPerElement(dtype: Dtype): number {
  return ARRAYS[dtype].BYTES_PER_ELEMENT
}

export function isFloat(dtype: Dtype): dtype is 'float32' | 'float16' {
  return dtype === 'float32' || dtype === 'float16'
}
