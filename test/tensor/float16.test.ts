import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import * as portable from '../../src/tensor/float16-portable.ts'
import { float16ToFloat32, float32ToFloat16 } from '../../src/tensor/index.ts'

const PATTERNS = Uint16Array.from({ length: 2 ** 16 }, (_, pattern) => pattern)
const NATIVE = typeof Float16Array === 'function'

describe('half-precision floats', () => {
  it('have the values that IEEE 754 gives them', () => {
    const bits = Uint16Array.of(0x0000, 0x3c00, 0xc000, 0x3555, 0x7bff, 0x0400, 0x03ff, 0x0001, 0x7c00, 0xfc00)
    const values = [0, 1, -2, 0.333251953125, 65504, 2 ** -14, 1023 * 2 ** -24, 2 ** -24, Infinity, -Infinity]
    assert.deepEqual([...float16ToFloat32(bits)], values)
    assert.deepEqual(float32ToFloat16(Float32Array.from(values)), bits)
    assert.ok(Object.is(float16ToFloat32(Uint16Array.of(0x8000))[0], -0))
    assert.ok(Number.isNaN(float16ToFloat32(Uint16Array.of(0x7e00))[0]))
  })

  it('survive the way through float32 and back, all 65,536 patterns', () => {
    for (const [decode, encode] of implementations()) {
      const back = encode(decode(PATTERNS))
      PATTERNS.forEach(pattern => {
        if (isNaNPattern(pattern)) assert.ok(isNaNPattern(back[pattern]), `NaN 0x${pattern.toString(16)} is lost`)
        else assert.equal(back[pattern], pattern)
      })
    }
  })

  it('round to the nearest, to even half-way between two, and to infinity from 65520 on', () => {
    const positive = PATTERNS.subarray(0, 0x7c00)
    const values = float16ToFloat32(positive)
    for (const [, encode] of implementations()) {
      for (let p = 0; p + 1 < positive.length; p++) {
        const middle = (values[p] + values[p + 1]) / 2
        const around = Float32Array.of(middle, -middle, nextFloat(middle, -1), nextFloat(middle, 1))
        const even = p % 2 === 0 ? p : p + 1
        assert.deepEqual([...encode(around)], [even, even | 0x8000, p, p + 1], `around ${middle}`)
      }
      assert.deepEqual([...encode(Float32Array.of(65519.99, 65520, 3e38, -1e30))], [0x7bff, 0x7c00, 0x7c00, 0xfc00])
    }
  })

  it('are the same by the runtime and by our own arithmetic', {
    skip: !NATIVE && 'this Node has no Float16Array'
  }, () => {
    const [own, runtime] = implementations()
    assertSame(own[0](PATTERNS), runtime[0](PATTERNS))
    fc.assert(
      fc.property(fc.float32Array({ maxLength: 50 }), values => {
        assertSame(own[0](own[1](values)), runtime[0](runtime[1](values)))
      })
    )
  })

  it('are read from a view and written where they are wanted', () => {
    const view = Uint16Array.of(0, 0x3c00, 0xc000).subarray(1)
    const out = new Float32Array(2)
    assert.equal(float16ToFloat32(view, out), out)
    assert.deepEqual([...out], [1, -2])
    assert.deepEqual([...float32ToFloat16(Float32Array.of(0, 1, -2).subarray(1))], [0x3c00, 0xc000])
  })
})

type Conversions = [decode: (bits: Uint16Array) => Float32Array, encode: (values: Float32Array) => Uint16Array]

/** Our own arithmetic, and what is exported: the runtime's where it has one. */
function implementations(): [own: Conversions, exported: Conversions] {
  const own: Conversions = [
    bits => {
      const out = new Float32Array(bits.length)
      portable.decode(bits, out)
      return out
    },
    values => {
      const out = new Uint16Array(values.length)
      portable.encode(values, out)
      return out
    }
  ]
  return [own, [bits => float16ToFloat32(bits), float32ToFloat16]]
}

/** Equal element by element; −0 is not 0, and all NaN are one (their payloads may differ). */
function assertSame(actual: Float32Array, expected: Float32Array) {
  assert.equal(actual.length, expected.length)
  const different = actual.findIndex((value, i) => !Object.is(value, expected[i]))
  assert.equal(different, -1, `element ${different} is ${actual[different]}, the runtime has ${expected[different]}`)
}

function isNaNPattern(pattern: number): boolean {
  return (pattern & 0x7fff) > 0x7c00
}

/** The next float32 away from zero (+1) or towards it (−1), for a positive value. */
function nextFloat(value: number, step: 1 | -1): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer)
  bits[0] += step
  return new Float32Array(bits.buffer)[0]
}
