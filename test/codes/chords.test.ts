import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chords, InvalidCodeError, linearDecoder } from '../../src/codes/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { rowsOf } from './matrices.ts'

describe('chords', () => {
  it('put as many coded queries near each query, and mix neighbours by nearness', () => {
    const third = 1 / 3
    const expected = [
      [1, 0, 0],
      [1, 0, 0],
      [1 - third, third, 0],
      [third, 1 - third, 0],
      [0, 1, 0],
      [0, 1 - third, third],
      [0, third, 1 - third],
      [0, 0, 1],
      [0, 0, 1]
    ]
    const rows = rowsOf(chords({ k: 3, n: 9 }).encodingMatrix, 3)
    rows.forEach((row, i) => {
      row.forEach((entry, q) => {
        assert.ok(Math.abs(entry - expected[i][q]) < 1e-15, `row ${i} is ${row}`)
      })
    })
  })

  it('stand for a single query N times, and for N = K are the queries themselves', () => {
    assert.deepEqual([...chords({ k: 1, n: 3 }).encodingMatrix], [1, 1, 1])
    assert.ok(chords({ k: 5, n: 5 }).systematic)
  })

  it('put the other coded queries between the queries in systematic layout, none of them a query but at the ends', () => {
    const rows = rowsOf(chords({ k: 4, n: 12, layout: 'systematic' }).encodingMatrix, 4).slice(4)
    const copies = rows.map(row => row.indexOf(1)).filter(query => query >= 0)
    assert.deepEqual(new Set(copies), new Set([0, 3]))
    assert.ok(
      rows.every(row => row.filter(entry => entry !== 0).length <= 2),
      'each mixes at most two'
    )
  })

  it('decode along the polygon through the results, whichever copy of a query arrives', () => {
    const code = chords({ k: 3, n: 9 })
    const linear = Array.from({ length: 9 }, (_, i) => Math.min(Math.max((2 * i + 1) / 6 - 0.5, 0), 2))
    const survivors = [1, 3, 8]
    const operator = linearDecoder(code).select(survivors)
    assert.deepEqual(operator.exact, [true, false, true])
    const predictions = operator.apply(survivors.map(i => Tensor.float32([10 * linear[i]])))
    predictions.forEach((prediction, q) => {
      assert.ok(Math.abs(Number(prediction?.data[0]) - 10 * q) < 1e-5, `query ${q} is ${prediction?.data}`)
    })
  })

  it('refuse fewer coded queries than queries', () => {
    assert.throws(() => chords({ k: 4, n: 3 }), InvalidCodeError)
  })
})
