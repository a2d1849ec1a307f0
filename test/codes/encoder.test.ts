import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { berrut, encode, GroupSizeError, nercc, replication, uncoded } from '../../src/codes/index.ts'
import { DtypeMismatchError, float32ToFloat16, ShapeMismatchError, Tensor } from '../../src/tensor/index.ts'

const queries = [Tensor.float32([1, 2, 3, 4], [2, 2]), Tensor.float32([5, 6, 7, 8], [2, 2])]

describe('encode', () => {
  it('sends the queries themselves, not copies, where the code only repeats them', () => {
    const coded = encode(replication({ k: 2, n: 5 }), queries)
    assert.equal(coded.length, 5)
    coded.forEach((tensor, i) => {
      assert.equal(tensor, queries[i % 2])
    })
  })

  it('repeats queries of any dtype', () => {
    const ids = [new Tensor('int64', [1], BigInt64Array.of(7n)), new Tensor('int64', [1], BigInt64Array.of(9n))]
    assert.deepEqual(encode(uncoded({ k: 2 }), ids), ids)
  })

  it('mixes queries by the rows of E and keeps their shape', () => {
    const code = nercc({ k: 2, n: 4 })
    const coded = encode(code, queries)
    coded.forEach((tensor, i) => {
      assert.deepEqual(tensor.shape, [2, 2])
      const [a, b] = code.encodingMatrix.subarray(2 * i, 2 * i + 2)
      const expected = [1, 2, 3, 4].map(value => Math.fround(a * value + b * (value + 4)))
      assert.deepEqual([...tensor.data], expected)
    })
  })

  it('mixes float16 in float32 and rounds once', () => {
    const halves = queries.map(
      ({ data }) => new Tensor('float16', [4], float32ToFloat16(Float32Array.from(data, Number)))
    )
    const code = berrut({ k: 2, n: 3 })
    const floats = encode(code, queries)
    encode(code, halves).forEach((tensor, i) => {
      assert.equal(tensor.dtype, 'float16')
      assert.deepEqual(tensor.data, float32ToFloat16(Float32Array.from(floats[i].data, Number)))
    })
  })

  it('refuses to mix whole numbers, and says which codes do not mix', () => {
    const ids = [1n, 2n].map(id => new Tensor('int64', [1], BigInt64Array.of(id)))
    assert.throws(() => encode(nercc({ k: 2, n: 4 }), ids), {
      name: 'DtypeMismatchError',
      code: 'ERR_DTYPE_MISMATCH',
      message: /mixes queries.*int64.*uncoded, replication/
    })
  })

  it('refuses to mix queries that differ in shape or dtype, or are not K', () => {
    const code = nercc({ k: 2, n: 4 })
    assert.throws(() => encode(code, [queries[0], Tensor.float32([1, 2, 3, 4], [4])]), ShapeMismatchError)
    assert.throws(
      () => encode(code, [queries[0], new Tensor('float16', [2, 2], new Uint16Array(4))]),
      DtypeMismatchError
    )
    assert.throws(() => encode(code, [queries[0]]), GroupSizeError)
  })
})
