import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { approxifer, approxiferCodedQueries, berrut, InvalidCodeError } from '../../src/codes/index.ts'

describe('ApproxIFER', () => {
  it('has the matrices of BACC', () => {
    const [ours, bacc] = [approxifer({ k: 4, n: 9 }), berrut({ k: 4, n: 9 })]
    assert.deepEqual(ours.encodingMatrix, bacc.encodingMatrix)
    assert.deepEqual(ours.decodingMatrix([0, 3, 8]), bacc.decodingMatrix([0, 3, 8]))
  })

  it('sends N = K + S coded queries, and 2(K + E) + S where E results may be wrong', () => {
    assert.equal(approxiferCodedQueries({ k: 8, stragglers: 1 }), 9)
    assert.equal(approxiferCodedQueries({ k: 12, stragglers: 0, errors: 3 }), 30)
    assert.equal(approxiferCodedQueries({ k: 8, stragglers: 2, errors: 2 }), 22)
  })

  it('refuses to tolerate less than nothing', () => {
    assert.throws(() => approxiferCodedQueries({ k: 8, stragglers: -1 }), InvalidCodeError)
    assert.throws(() => approxiferCodedQueries({ k: 8, stragglers: 0, errors: 0.5 }), InvalidCodeError)
    assert.throws(() => approxiferCodedQueries({ k: 0, stragglers: 1 }), InvalidCodeError)
  })
})
