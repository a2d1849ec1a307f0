import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { cholesky, choleskySolve } from '../../src/codes/cholesky.ts'
import { denseSolve, dot } from './matrices.ts'

describe('cholesky', () => {
  const entry = fc.double({ min: -1, max: 1, noNaN: true })
  const systems = fc.integer({ min: 1, max: 12 }).chain(n => {
    const vector = fc.array(entry, { minLength: n, maxLength: n })
    return fc.record({ factors: fc.array(vector, { minLength: n, maxLength: n }), b: vector })
  })

  it('solves like a dense reference', () => {
    fc.assert(
      fc.property(systems, ({ factors, b }) => {
        // F·Fᵀ + I: positive definite, with eigenvalues from 1 to 145.
        const rows = factors.map((a, i) => factors.map((c, j) => dot(a, c) + (i === j ? 1 : 0)))
        const matrix = Float64Array.from(rows.flat())
        const smallest = cholesky(matrix, b.length)
        assert.ok(smallest > 0 && smallest <= 1, `the smallest pivot is ${smallest}`)
        const x = Float64Array.from(b)
        choleskySolve(matrix, b.length, x)
        denseSolve(rows, b).forEach((value, i) => {
          assert.ok(Math.abs(x[i] - value) < 1e-12, `x[${i}] is ${x[i]}, the reference says ${value}`)
        })
      })
    )
  })

  it('says how much of each variable those before it leave unexplained', () => {
    assert.equal(cholesky(Float64Array.of(9, 0, 0, 4), 2), 1)
    // A correlation of 0.6 leaves 1 − 0.36.
    assert.ok(Math.abs(cholesky(Float64Array.of(1, 6, 6, 100), 2) - 0.64) < 1e-15)
  })

  it('does not call a singular or indefinite matrix positive', () => {
    for (const matrix of [[1, 1, 1, 1], [1, 2, 2, 1], [0], [-1], [NaN]]) {
      const smallest = cholesky(Float64Array.from(matrix), Math.sqrt(matrix.length))
      assert.ok(!(smallest > 0), `${matrix} has a smallest pivot of ${smallest}`)
    }
  })
})
