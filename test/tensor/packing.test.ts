import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Packing, pack, packedBytes, unpack } from '../../src/tensor/index.ts'

function packedAs(packing: Packing, values: Float32Array): Float32Array {
  const bytes = pack(packing, values)
  assert.ok(bytes, `${packing} did not take ${values}`)
  assert.equal(bytes.length, packedBytes(packing, values.length))
  return unpack(packing, bytes)
}

describe('float32 elements packed as float16', () => {
  it('come back as they were where half precision has them', () => {
    const values = Float32Array.of(0, -0, 1, -2.5, 65504, 2 ** -24)
    assert.deepEqual(packedAs('float16', values), values)
  })

  it('come back rounded to 11 bits elsewhere', () => {
    const values = Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i) * 2 ** (i % 12))
    packedAs('float16', values).forEach((value, i) => {
      assert.ok(Math.abs(value - values[i]) <= Math.abs(values[i]) * 2 ** -11, `${values[i]} became ${value}`)
    })
  })

  it('are not packed when one would become infinite, or is no number', () => {
    for (const odd of [65520, -1e6, Number.POSITIVE_INFINITY, Number.NaN]) {
      assert.equal(pack('float16', Float32Array.of(1, odd, 2)), undefined, String(odd))
    }
  })
})

describe('float32 elements packed as int8', () => {
  it('come back within half a 127th of the largest', () => {
    const values = Float32Array.from({ length: 1000 }, (_, i) => 3 * Math.sin(i))
    const largest = Math.max(...values.map(Math.abs))
    packedAs('int8', values).forEach((value, i) => {
      assert.ok(Math.abs(value - values[i]) <= (largest / 254) * 1.0001, `${values[i]} became ${value}`)
    })
  })

  it('keep the largest, the signs and the zeros', () => {
    const back = packedAs('int8', Float32Array.of(-127, 0, 64, 127))
    assert.deepEqual(back, Float32Array.of(-127, 0, 64, 127))
  })

  it('may all be zero, or too small for a factor', () => {
    assert.deepEqual(packedAs('int8', new Float32Array(3)), new Float32Array(3))
    assert.ok(packedAs('int8', Float32Array.of(2 ** -149, 0)).every(value => Math.abs(value) <= 2 ** -149))
  })

  it('are not packed when one is not finite', () => {
    for (const odd of [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]) {
      assert.equal(pack('int8', Float32Array.of(1, odd, 2)), undefined, String(odd))
    }
  })
})
