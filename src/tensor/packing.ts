import { float16ToFloat32, float32ToFloat16 } from './float16.ts'

/**
 * A shorter form of float32 elements: half precision, which keeps 11 significant bits of each; or 8 bits of each and one
 * factor for all, x ≈ factor · q with q in −127…127 and factor = max |x| / 127.
 */
export type Packing = 'float16' | 'int8'

/** The factor of int8, a float32, lies before the elements. */
const FACTOR_BYTES = 4
const LARGEST = 127

/** The exponent bits of half precision: all set, it is infinite or no number. */
const EXPONENT = 0x7c00

/** Bytes of so many elements. */
export function packedBytes(packing: Packing, elements: number): number {
  return packing === 'float16' ? 2 * elements : FACTOR_BYTES + elements
}

/** The elements in that form, or `undefined` if it cannot hold them: one is not finite, or has no half precision. */
export function pack(packing: Packing, values: Float32Array): Uint8Array | undefined {
  return packing === 'float16' ? packFloat16(values) : packInt8(values)
}

/** @param bytes as {@link pack} made them, at an even offset of their memory */
export function unpack(packing: Packing, bytes: Uint8Array): Float32Array {
  const { buffer, byteOffset, byteLength } = bytes
  if (packing === 'float16') {
    return float16ToFloat32(new Uint16Array(buffer, byteOffset, byteLength / 2))
  }
  const factor = new DataView(buffer, byteOffset).getFloat32(0, true)
  const quanta = new Int8Array(buffer, byteOffset + FACTOR_BYTES, byteLength - FACTOR_BYTES)
  const values = new Float32Array(quanta.length)
  for (let i = 0; i < quanta.length; i++) {
    values[i] = factor * quanta[i]
  }
  return values
}

function packFloat16(values: Float32Array): Uint8Array | undefined {
  const bits = float32ToFloat16(values)
  for (let i = 0; i < bits.length; i++) {
    if ((bits[i] & EXPONENT) === EXPONENT) {
      return undefined
    }
  }
  return new Uint8Array(bits.buffer)
}

function packInt8(values: Float32Array): Uint8Array | undefined {
  let largest = 0
  // x − x is 0 for a finite x, and NaN otherwise
  let finite = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    largest = Math.max(largest, Math.abs(value))
    finite += value - value
  }
  if (finite !== 0) {
    return undefined
  }
  const bytes = new Uint8Array(FACTOR_BYTES + values.length)
  new DataView(bytes.buffer).setFloat32(0, largest / LARGEST, true)
  const quanta = new Int8Array(bytes.buffer, FACTOR_BYTES)
  const inverse = largest === 0 ? 0 : LARGEST / largest
  for (let i = 0; i < values.length; i++) {
    quanta[i] = Math.round(values[i] * inverse)
  }
  return bytes
}
