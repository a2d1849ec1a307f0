import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { GroupSizeError, InvalidCodeError, linearDecoder, nercc, replication, uncoded } from '../../src/codes/index.ts'
import { capNorm } from '../../src/codes/norm-cap.ts'
import { DtypeMismatchError, float32ToFloat16, ShapeMismatchError, Tensor } from '../../src/tensor/index.ts'
import { sum } from './matrices.ts'

describe('linearDecoder', () => {
  it('hands on the results of any dtype where the code only repeats, and leaves out what is lost', () => {
    const operator = linearDecoder(replication({ k: 3, n: 6 })).select([1, 3, 4])
    const results = [5n, 6n, 7n].map(id => new Tensor('int64', [1], BigInt64Array.of(id)))
    assert.deepEqual(operator.recoverable, [true, true, false])
    assert.deepEqual(operator.exact, [true, true, false])
    const [first, second, third] = operator.apply(results)
    assert.equal(first, results[1])
    assert.equal(second, results[0])
    assert.equal(third, undefined)
  })

  it('mixes float results by the rows of D and keeps their shape and dtype', () => {
    const code = nercc({ k: 2, n: 4 })
    const operator = linearDecoder(code).select([0, 2])
    const results = [Tensor.float32([1, 2], [1, 2]), Tensor.float32([3, 5], [1, 2])]
    const D = code.decodingMatrix([0, 2])
    operator.apply(results).forEach((prediction, q) => {
      const expected = [1, 2].map((value, x) => Math.fround(D[2 * q] * value + D[2 * q + 1] * [3, 5][x]))
      assert.deepEqual(prediction, Tensor.float32(expected, [1, 2]))
    })
    const halves = results.map(
      ({ data }) => new Tensor('float16', [2], float32ToFloat16(Float32Array.from(data, Number)))
    )
    assert.equal(operator.apply(halves)[0]?.dtype, 'float16')
  })

  it('refuses to mix class ids, and advises to decode a float output', () => {
    const ids = [5n, 6n].map(id => new Tensor('int64', [1], BigInt64Array.of(id)))
    assert.throws(
      () =>
        linearDecoder(nercc({ k: 2, n: 4 }))
          .select([0, 1])
          .apply(ids),
      {
        name: 'DtypeMismatchError',
        message: /int64; decode a float output \(logits/
      }
    )
  })

  it('refuses results that differ in shape or dtype, or are not as many as the survivors', () => {
    const { apply } = linearDecoder(nercc({ k: 2, n: 4 })).select([0, 1])
    const float = Tensor.float32([1, 2])
    assert.throws(() => apply([float, Tensor.float32([1, 2, 3])]), ShapeMismatchError)
    assert.throws(() => apply([float, new Tensor('float16', [2], new Uint16Array(2))]), DtypeMismatchError)
    assert.throws(() => apply([float]), GroupSizeError)
  })

  it('caps the rows of a steep extrapolation and says which, but leaves the matrix of the code as it is', () => {
    const code = nercc({ k: 4, n: 100 })
    const survivors = [0, 1]
    const pure = code.decodingMatrix(survivors)
    const results = [Tensor.float32([1]), Tensor.float32([-1])]
    const last = 3
    assert.ok(Math.abs(pure[2 * last]) > 1000, 'two neighbours at the edge should extrapolate steeply')

    const free = linearDecoder(code, { normCap: Infinity }).select(survivors)
    assert.deepEqual(free.guarded, [false, false, false, false])
    assert.equal(free.apply(results)[last]?.data[0], Math.fround(pure[2 * last] - pure[2 * last + 1]))

    const capped = linearDecoder(code, { normCap: 10 }).select(survivors)
    assert.equal(capped.guarded[last], true)
    const [value] = capped.apply(results)[last]?.data ?? []
    assert.ok(Math.abs(Math.abs(Number(value)) - 10) < 1e-5, `a row of norm 10 on ±1 gives ±10, not ${value}`)
    assert.deepEqual(code.decodingMatrix(survivors), pure)
  })

  it('does not write into a matrix that the code keeps', () => {
    const kept = nercc({ k: 4, n: 100 }).decodingMatrix([0, 1])
    const before = kept.slice()
    const keeper = { ...nercc({ k: 4, n: 100 }), decodingMatrix: () => kept }
    assert.ok(linearDecoder(keeper, { normCap: 2 }).select([0, 1]).guarded.includes(true), 'no row was guarded')
    assert.deepEqual(kept, before)
  })

  it('never guards a row that only hands on a result', () => {
    const { guarded, exact } = linearDecoder(uncoded({ k: 2 }), { normCap: 1 }).select([0])
    assert.deepEqual(guarded, [false, false])
    assert.deepEqual(exact, [true, false])
  })

  it('refuses a cap below 1', () => {
    for (const normCap of [0.5, 0, -1, NaN]) {
      assert.throws(() => linearDecoder(uncoded({ k: 1 }), { normCap }), InvalidCodeError, `accepts ${normCap}`)
    }
  })
})

describe('the norm cap', () => {
  const rows = fc
    .array(fc.double({ min: -1e4, max: 1e4, noNaN: true }), { minLength: 1, maxLength: 30 })
    .map(entries => {
      const excess = (sum(entries) - 1) / entries.length
      return entries.map(entry => entry - excess)
    })

  it('brings a row exactly to the cap, keeps its sum of 1, and leaves rows below the cap alone', () => {
    fc.assert(
      fc.property(rows, fc.double({ min: 1, max: 1e3, noNaN: true }), (row, cap) => {
        const before = norm(row)
        const after = Float64Array.from(row)
        const changed = capNorm(after, cap)
        if (!changed) {
          assert.ok(before <= cap * (1 + 1e-9), `a row of norm ${before} was left above the cap ${cap}`)
          assert.deepEqual([...after], row)
          return
        }
        const tolerance = 1e-11 * before
        assert.ok(Math.abs(norm(after) - cap) <= tolerance + 1e-9, `norm ${norm(after)}, cap ${cap}`)
        assert.ok(Math.abs(sum([...after]) - 1) <= tolerance, `the sum is ${sum([...after])}`)
      })
    )
  })
})

function norm(row: Iterable<number>): number {
  return sum([...row].map(Math.abs))
}
