const BIAS = 15
const FRACTION_BITS = 10

// One entry per bit pattern (256 KB): made once, on first use.
let table: Float32Array | undefined

/** Half-precision bits to float32, exactly: sign (1 bit), exponent (5, bias 15), fraction (10). */
export function decode(bits: Uint16Array, out: Float32Array): void {
  table ??= Float32Array.from({ length: 2 ** 16 }, (_, pattern) => value(pattern))
  for (let i = 0; i < bits.length; i++) out[i] = table[bits[i]]
}

function value(pattern: number): number {
  const sign = pattern & 0x8000 ? -1 : 1
  const exponent = (pattern >> FRACTION_BITS) & 0x1f
  const fraction = (pattern & 0x3ff) / 2 ** FRACTION_BITS
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN
  if (exponent === 0) return sign * fraction * 2 ** (1 - BIAS)
  return sign * (1 + fraction) * 2 ** (exponent - BIAS)
}

/** float32 to half-precision bits, rounded to the nearest and to even on a tie. */
export function encode(values: Float32Array, out: Uint16Array): void {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  for (let i = 0; i < values.length; i++) out[i] = round(bits[i], Math.abs(values[i]))
}

function round(float32: number, magnitude: number): number {
  const sign = (float32 >>> 16) & 0x8000
  if (Number.isNaN(magnitude)) return sign | 0x7e00
  // 65520 is half-way between the greatest finite half, 65504, and the next power of two.
  if (magnitude >= 65520) return sign | 0x7c00
  if (magnitude < 2 ** (1 - BIAS)) return sign | roundToEven(magnitude * 2 ** (BIAS - 1 + FRACTION_BITS))
  // Exponent and fraction as one whole number, less the 13 fraction bits that float32 has more; a carry goes up by itself.
  const exponentAndFraction = (float32 & 0x7fffffff) - ((127 - BIAS) << 23)
  return sign | roundToEven(exponentAndFraction / 2 ** 13)
}

function roundToEven(x: number): number {
  const floor = Math.floor(x)
  const rest = x - floor
  if (rest === 0.5) return floor + (floor % 2)
  return rest > 0.5 ? floor + 1 : floor
}
