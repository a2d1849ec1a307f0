import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { combine } from '../../src/codes/product.ts'

describe('the product of a matrix and vectors', () => {
  it('is the plain sum, rounded once, for any number of vectors and any length', () => {
    const sizes = fc.record({
      count: fc.integer({ min: 1, max: 11 }),
      length: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 500, max: 1100 }))
    })
    fc.assert(
      fc.property(sizes, ({ count, length }) => {
        const coefficients = Float64Array.from({ length: 3 * count }, (_, i) => Math.sin(i * i) * (i % 4))
        const vectors = Array.from({ length: count }, (_, c) =>
          Float32Array.from({ length }, (_, x) => Math.cos(c + 7 * x) * 10)
        )
        const rows = [2, 0]
        const products = combine(coefficients, vectors, rows)
        rows.forEach((row, i) => {
          assert.equal(products[i].length, length)
          products[i].forEach((value, x) => {
            const exact = vectors.reduce((sum, vector, c) => sum + coefficients[row * count + c] * vector[x], 0)
            const error = Math.abs(value - exact)
            assert.ok(error <= 1e-6 * Math.max(1, Math.abs(exact)), `row ${row}, element ${x}: ${value}, not ${exact}`)
          })
        })
      }),
      { numRuns: 50 }
    )
  })

  it('does not touch a vector whose coefficient is zero, even if it holds NaN', () => {
    const vectors = [Float32Array.of(1, 2), Float32Array.of(NaN, Infinity)]
    assert.deepEqual(combine(Float64Array.of(3, 0), vectors, [0]), [Float32Array.of(3, 6)])
    assert.deepEqual(combine(Float64Array.of(0, -0), vectors, [0]), [Float32Array.of(0, 0)])
  })

  it('is the same, bit by bit, each time', () => {
    const coefficients = Float64Array.from({ length: 60 }, (_, i) => Math.sin(i))
    const vectors = Array.from({ length: 6 }, (_, c) => Float32Array.from({ length: 700 }, (_, x) => Math.sin(x * c)))
    const rows = [0, 4, 9]
    assert.deepEqual(combine(coefficients, vectors, rows), combine(coefficients, vectors, rows))
    assert.deepEqual(combine(coefficients, vectors, [4])[0], combine(coefficients, vectors, rows)[1])
  })
})
