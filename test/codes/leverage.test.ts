import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { berrut, leverages, nercc, replication, uncoded } from '../../src/codes/index.ts'

const near = (actual: number, expected: number, tolerance = 1e-6): void =>
  assert.ok(Math.abs(actual - expected) < tolerance, `${actual} instead of ${expected}`)

describe('leverages of coded queries', () => {
  it('are 1 where nothing can be lost, and shared by copies', () => {
    for (const leverage of leverages(uncoded({ k: 3 }))) near(leverage, 1)
    for (const leverage of leverages(replication({ k: 2, n: 6 }))) near(leverage, 1 / 3)
  })

  it('add up to K where coded queries tell all queries apart', () => {
    for (const code of [nercc({ k: 4, n: 12 }), berrut({ k: 4, n: 8 })]) {
      near(
        leverages(code).reduce((sum, leverage) => sum + leverage, 0),
        4
      )
    }
  })

  it('are largest where decoding without that one loses most', () => {
    const code = berrut({ k: 4, n: 8 })
    const all = Array.from({ length: code.n }, (_, i) => i)
    const lost = all.map(without => {
      const survivors = all.filter(i => i !== without)
      const d = code.decodingMatrix(survivors)
      let squares = 0
      for (let q = 0; q < code.k; q++) {
        for (let c = 0; c < code.k; c++) {
          const product = survivors.reduce(
            (sum, i, j) => sum + d[q * survivors.length + j] * code.encodingMatrix[i * code.k + c],
            0
          )
          squares += (product - (q === c ? 1 : 0)) ** 2
        }
      }
      return squares
    })
    const most = Math.max(...lost)
    const worth = leverages(code)
    near(lost[worth.indexOf(Math.max(...worth))], most, 1e-9 * most)
  })

  it('are numbers for a code whose queries cannot be told apart', () => {
    const leverage = leverages({ encodingMatrix: Float64Array.of(1, 1, 2, 2, 3, 3), n: 3, k: 2 })
    assert.ok(leverage.every(Number.isFinite))
    near(
      leverage.reduce((sum, value) => sum + value, 0),
      1,
      1e-3
    )
  })
})
