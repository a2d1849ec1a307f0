import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { InvalidCodeError, parm } from '../../src/codes/index.ts'
import { dot, rowsOf, subsets } from './matrices.ts'

describe('parm', () => {
  it('sends the queries and mixtures of all of them, with weights 1, i, i², … that sum to 1', () => {
    assert.deepEqual(rowsOf(parm({ k: 3, n: 5 }).encodingMatrix, 3), [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
      [1 / 3, 1 / 3, 1 / 3],
      [1 / 6, 2 / 6, 3 / 6]
    ])
  })

  it('reconstructs the one that is missing by subtraction, as the paper does', () => {
    const code = parm({ k: 3, n: 4 })
    const [first, second, third] = rowsOf(code.decodingMatrix([0, 2, 3]), 3)
    assert.deepEqual(
      [first, third],
      [
        [1, 0, 0],
        [0, 1, 0]
      ]
    )
    for (const [i, share] of [-1, -1, 3].entries()) assert.ok(Math.abs(second[i] - share) < 1e-12, `${second}`)
  })

  it('solves for as many missing predictions as there are parity results, whichever they are, and for no more', () => {
    for (const [k, n] of [
      [2, 3],
      [2, 4],
      [3, 5],
      [4, 6],
      [4, 8]
    ]) {
      const code = parm({ k, n })
      const predictions = Array.from({ length: k }, (_, q) => [q * q - 3, 7 - q, (q % 2) * 5])
      const results = rowsOf(code.encodingMatrix, k).map(row =>
        [0, 1, 2].map(x =>
          dot(
            row,
            predictions.map(values => values[x])
          )
        )
      )
      for (const survivors of subsets(n)) {
        const own = survivors.filter(i => i < k)
        const enough = k - own.length <= survivors.length - own.length
        const D = rowsOf(code.decodingMatrix(survivors), survivors.length)
        code.recoverable(survivors).forEach((recoverable, q) => {
          assert.equal(recoverable, enough || own.includes(q), `query ${q} of (${k}, ${n}) from ${survivors}`)
          if (!recoverable) return
          for (const x of [0, 1, 2]) {
            const decoded = dot(
              D[q],
              survivors.map(i => results[i][x])
            )
            assert.ok(Math.abs(decoded - predictions[q][x]) < 1e-9, `query ${q} of (${k}, ${n}) from ${survivors}`)
          }
        })
      }
    }
  })

  it('weighs two parity results such that their errors count least', () => {
    const [row] = rowsOf(parm({ k: 2, n: 4 }).decodingMatrix([1, 2, 3]), 3)
    const [, ...parities] = row
    // 1/2 and 1/3 of the missing query: the shortest weights w with w·(1/2, 1/3) = 1.
    for (const [i, share] of [18 / 13, 12 / 13].entries()) assert.ok(Math.abs(parities[i] - share) < 1e-12, `${row}`)
  })

  it('refuses more parity queries than are of use', () => {
    for (const { k, n } of [
      { k: 1, n: 2 },
      { k: 2, n: 5 },
      { k: 3, n: 2 },
      { k: 8, n: 13 }
    ]) {
      assert.throws(() => parm({ k, n }), InvalidCodeError, `accepts k = ${k}, n = ${n}`)
    }
  })
})
