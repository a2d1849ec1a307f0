import * as portable from './float16-portable.ts'

// Node has it from version 24 on.
const native = typeof Float16Array === 'function'

/**
 * Half-precision bits to float32; exact for every pattern.
 *
 * @param out where to write, at least as long as `bits`; fresh if absent
 */
export function float16ToFloat32(bits: Uint16Array, out = new Float32Array(bits.length)): Float32Array {
  if (native) out.set(new Float16Array(bits.buffer, bits.byteOffset, bits.length))
  else portable.decode(bits, out)
  return out
}

/** float32 to half-precision bits: rounded to the nearest, to even on a tie; from 65520 on, infinity. */
export function float32ToFloat16(values: Float32Array): Uint16Array {
  const out = new Uint16Array(values.length)
  if (native) new Float16Array(out.buffer).set(values)
  else portable.encode(values, out)
  return out
}
