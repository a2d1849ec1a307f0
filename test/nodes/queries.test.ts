import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NoQueriesError } from '../../nodes/index.ts'
import { checkQueries } from '../../nodes/queries.ts'
import { NotFiniteError } from '../../src/inference/index.ts'
import { contentId, type Model } from '../../src/models/index.ts'
import { ShapeMismatchError, Tensor } from '../../src/tensor/index.ts'

const model: Model = {
  id: contentId(new Uint8Array()),
  name: 'any length',
  signature: {
    inputs: [{ name: 'x', dtype: 'float32', shape: [null, null] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: [null, 1] }]
  }
}

function query(length: number, value = 0): Tensor {
  return Tensor.float32(new Float32Array(length).fill(value), [1, length])
}

describe('queries that are checked', () => {
  it('let other work have its turn, when they are many', async () => {
    let turns = 0
    let checking = true
    const count = (): void => {
      turns++
      if (checking) {
        setImmediate(count)
      }
    }
    setImmediate(count)
    const named = await checkQueries(Array(12).fill(query(500_000)), model)
    checking = false
    assert.equal(named.length, 12)
    assert.ok(turns >= 3, `other work had ${turns} turns`)
  })

  it('are refused if one differs in shape, is not finite, or there is none', async () => {
    await assert.rejects(checkQueries([query(2), query(3)], model), ShapeMismatchError)
    await assert.rejects(checkQueries([query(2), query(2, Number.NaN)], model), NotFiniteError)
    await assert.rejects(checkQueries([], model), NoQueriesError)
  })
})
