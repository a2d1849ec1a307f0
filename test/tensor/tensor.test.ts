import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  allFinite,
  arrayOf,
  bytesPerElement,
  DTYPES,
  DtypeMismatchError,
  elements,
  float32ToFloat16,
  isDtype,
  isFloat,
  ShapeMismatchError,
  sameShape,
  stack,
  Tensor
} from '../../src/tensor/index.ts'

describe('Tensor', () => {
  it('keeps the array it is given, of any dtype', () => {
    for (const dtype of DTYPES) {
      const data = new (arrayOf(dtype))(6)
      const tensor = new Tensor(dtype, [2, 3], data)
      assert.equal(tensor.data, data)
      assert.equal(tensor.size, 6)
      assert.equal(tensor.byteLength, 6 * bytesPerElement(dtype))
    }
  })

  it('refuses data of another dtype, and a shape that does not fit', () => {
    const data: unknown = new Int32Array(4)
    assert.ok(data instanceof Int32Array)
    assert.throws(() => Reflect.construct(Tensor, ['float32', [4], data]), DtypeMismatchError)
    assert.throws(() => new Tensor('int32', [5], data), ShapeMismatchError)
    for (const shape of [[-4], [0.5, 8], [NaN], [Infinity]]) {
      assert.throws(() => new Tensor('int32', shape, data), ShapeMismatchError, `accepts shape [${shape}]`)
    }
  })

  it('makes float32 tensors of numbers, a vector unless told otherwise', () => {
    assert.deepEqual(Tensor.float32([1, 2]).shape, [2])
    assert.deepEqual(Tensor.float32([1, 2], [2, 1]).shape, [2, 1])
    const data = new Float32Array(2)
    assert.equal(Tensor.float32(data).data, data)
  })

  it('looks at rows without copying them', () => {
    const tensor = Tensor.float32([0, 1, 2, 3, 4, 5], [3, 2])
    const rows = tensor.rows(1, 3)
    assert.deepEqual(rows, Tensor.float32([2, 3, 4, 5], [2, 2]))
    assert.deepEqual(tensor.row(2), Tensor.float32([4, 5]))
    assert.deepEqual(tensor.rows(3, 3).shape, [0, 2])
    rows.data[0] = 9
    assert.equal(tensor.data[2], 9, 'rows should look at the same memory')
    assert.equal(tensor.reshape([2, 3]).data, tensor.data)
    assert.notEqual(tensor.clone().data, tensor.data)
    for (const [from, to] of [
      [0, 4],
      [-1, 1],
      [2, 1]
    ]) {
      assert.throws(() => tensor.rows(from, to), ShapeMismatchError, `accepts rows ${from} to ${to}`)
    }
    assert.throws(() => Tensor.float32([1], []).rows(0, 1), ShapeMismatchError)
    assert.throws(() => tensor.reshape([4, 2]), ShapeMismatchError)
  })

  it('goes through its bytes on the wire: little-endian, row-major', () => {
    const tensor = Tensor.float32([1, -2], [1, 2])
    assert.deepEqual([...tensor.bytes], [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0])
    assert.deepEqual(Tensor.fromBytes('float32', [1, 2], tensor.bytes), tensor)
    assert.equal(Tensor.fromBytes('float32', [1, 2], tensor.bytes).data.buffer, tensor.data.buffer, 'copied needlessly')
    const shifted = Uint8Array.of(7, ...tensor.bytes).subarray(1)
    assert.deepEqual(Tensor.fromBytes('float32', [1, 2], shifted), tensor)
    assert.throws(() => Tensor.fromBytes('float32', [3], tensor.bytes), ShapeMismatchError)
  })
})

describe('stack', () => {
  it('joins tensors along a new first axis, of any dtype', () => {
    const pair = [Tensor.float32([1, 2]), Tensor.float32([3, 4])]
    assert.deepEqual(stack(pair), Tensor.float32([1, 2, 3, 4], [2, 2]))
    const ids = [new Tensor('int64', [], BigInt64Array.of(5n)), new Tensor('int64', [], BigInt64Array.of(6n))]
    assert.deepEqual(stack(ids), new Tensor('int64', [2], BigInt64Array.of(5n, 6n)))
  })

  it('refuses none, or tensors that differ', () => {
    const one = Tensor.float32([1, 2])
    assert.throws(() => stack([]), ShapeMismatchError)
    assert.throws(() => stack([one, Tensor.float32([1, 2], [2, 1])]), ShapeMismatchError)
    assert.throws(() => stack<'float32' | 'int8'>([one, new Tensor('int8', [2], new Int8Array(2))]), DtypeMismatchError)
  })
})

describe('shapes and dtypes', () => {
  it('are counted and compared', () => {
    assert.equal(elements([]), 1)
    assert.equal(elements([2, 0, 3]), 0)
    assert.ok(sameShape([1, 2], [1, 2]))
    assert.ok(!sameShape([1, 2], [2, 1]) && !sameShape([1], [1, 1]))
    assert.deepEqual(DTYPES.filter(isFloat), ['float32', 'float16'])
    assert.ok(DTYPES.every(isDtype) && !isDtype('float64') && !isDtype('toString'))
  })
})

describe('allFinite', () => {
  it('finds NaN and infinities wherever they are, in both float dtypes', () => {
    for (const value of [Number.NaN, Infinity, -Infinity]) {
      const spoilt = Tensor.float32([1, -2, 3, value])
      assert.ok(!allFinite(spoilt), `float32 with ${value}`)
      assert.ok(!allFinite(new Tensor('float16', [4], float32ToFloat16(spoilt.data))), `float16 with ${value}`)
    }
    const sound = Tensor.float32([0, -0, 1e38, -65504])
    assert.ok(allFinite(sound))
    assert.ok(allFinite(new Tensor('float16', [2], float32ToFloat16(Float32Array.of(65504, -1e-7)))))
  })

  it('takes whole numbers as they are', () => {
    assert.ok(allFinite(new Tensor('int32', [2], Int32Array.of(-(2 ** 31), 2 ** 31 - 1))))
  })
})
