import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { InvalidCodeError, nercc } from '../../src/codes/index.ts'
import { dot, rowsOf, scale } from './matrices.ts'

describe('nercc', () => {
  it('gives back queries that lie on a line from any two or more survivors, whatever λ', () => {
    fc.assert(
      fc.property(groups(), smoothing(), smoothing(), ({ k, n, layout, survivors }, lambdaEncode, lambdaDecode) => {
        const code = nercc({ k, n, layout, lambdaEncode, lambdaDecode })
        const line = Array.from({ length: k }, (_, j) => 2 - 3 * Math.cos(((2 * j + 1) * Math.PI) / (2 * k)))
        const coded = rowsOf(code.encodingMatrix, k).map(row => dot(row, line))
        const D = rowsOf(code.decodingMatrix(survivors), survivors.length)
        D.forEach((row, q) => {
          const value = dot(
            row,
            survivors.map(i => coded[i])
          )
          const error = Math.abs(value - line[q])
          assert.ok(error <= 1e-7 * scale([row]), `query ${q} from survivors ${survivors} is off by ${error}`)
        })
      })
    )
  })

  it('gives a lone result to every query', () => {
    for (const lambdaDecode of [0, 1e-3, 1e3]) {
      assert.deepEqual([...nercc({ k: 3, n: 5, lambdaDecode }).decodingMatrix([2])], [1, 1, 1])
    }
  })

  it('sends the query itself, whatever λ, when it is alone', () => {
    assert.deepEqual([...nercc({ k: 1, n: 4, lambdaEncode: 10 }).encodingMatrix], [1, 1, 1, 1])
  })

  it('encodes two queries by a line that smoothing cannot bend', () => {
    const { encodingMatrix } = nercc({ k: 2, n: 2 })
    assert.deepEqual(nercc({ k: 2, n: 2, lambdaEncode: 5 }).encodingMatrix, encodingMatrix)
    // β = 1 lies outside α = ±√½: (1 + √2)/2 and (1 − √2)/2.
    assert.ok(Math.abs(encodingMatrix[0] - (1 + Math.SQRT2) / 2) < 1e-15, `E[0, 0] is ${encodingMatrix[0]}`)
  })

  it('decodes a query by its own result alone in systematic layout, whatever λ_d', () => {
    const code = nercc({ k: 3, n: 8, layout: 'systematic', lambdaEncode: 1e-2, lambdaDecode: 1e-2 })
    const D = rowsOf(code.decodingMatrix([0, 2, 4, 5, 6]), 5)
    assert.deepEqual(D[0], [1, 0, 0, 0, 0])
    assert.deepEqual(D[2], [0, 1, 0, 0, 0])
    assert.ok(
      D[1].every(entry => entry !== 0),
      `the lost query mixes all results: ${D[1]}`
    )
  })

  it('interpolates by default', () => {
    const { encodingMatrix, decodingMatrix } = nercc({ k: 4, n: 9 })
    const explicit = nercc({ k: 4, n: 9, lambdaEncode: 0, lambdaDecode: 0 })
    assert.deepEqual(encodingMatrix, explicit.encodingMatrix)
    assert.deepEqual(decodingMatrix([0, 3, 5, 8]), explicit.decodingMatrix([0, 3, 5, 8]))
  })

  it('refuses a λ that is negative or not finite', () => {
    for (const lambda of [-1e-9, NaN, Infinity]) {
      assert.throws(() => nercc({ k: 2, n: 4, lambdaEncode: lambda }), InvalidCodeError, `accepts λ_e = ${lambda}`)
      assert.throws(() => nercc({ k: 2, n: 4, lambdaDecode: lambda }), InvalidCodeError, `accepts λ_d = ${lambda}`)
    }
  })
})

function groups() {
  const sizes = { k: fc.integer({ min: 1, max: 40 }), extra: fc.integer({ min: 2, max: 60 }) }
  return fc.record({ ...sizes, layout: fc.constantFrom('paper', 'systematic') }).chain(({ k, extra, layout }) => {
    const n = layout === 'paper' ? extra : k + extra
    const everyone = Array.from({ length: n }, (_, i) => i)
    return fc.subarray(everyone, { minLength: 2 }).map(survivors => ({ k, n, layout, survivors }))
  })
}

function smoothing() {
  return fc.oneof(fc.constant(0), fc.double({ min: 0, max: 100, noNaN: true }))
}
