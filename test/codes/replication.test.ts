import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { replication, uncoded } from '../../src/codes/index.ts'
import { rowsOf } from './matrices.ts'

describe('replication', () => {
  it('makes coded query i of query i mod K, for any N ≥ K', () => {
    assert.deepEqual(rowsOf(replication({ k: 2, n: 5 }).encodingMatrix, 2), [
      [1, 0],
      [0, 1],
      [1, 0],
      [0, 1],
      [1, 0]
    ])
  })

  it('takes the first copy that survives', () => {
    const code = replication({ k: 3, n: 8 })
    assert.deepEqual(rowsOf(code.decodingMatrix([3, 4, 6]), 3), [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 0]
    ])
    assert.deepEqual(code.recoverable([3, 4, 6]), [true, true, false])
  })
})

describe('uncoded', () => {
  it('sends each query once and recovers those that come back', () => {
    const code = uncoded({ k: 3 })
    assert.equal(code.n, 3)
    assert.deepEqual([...code.encodingMatrix], [1, 0, 0, 0, 1, 0, 0, 0, 1])
    assert.deepEqual(code.recoverable([0, 2]), [true, false, true])
    assert.deepEqual([...code.decodingMatrix([0, 2])], [1, 0, 0, 0, 0, 1])
  })
})
