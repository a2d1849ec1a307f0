import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { combine } from '../../src/codes/product.ts'

describe('the product of a matrix and vectors', () => {
  it('is the plain sum, rounded once, for any number of vectors and rows and any length', () => {
    const sizes = fc.record({
      count: fc.integer({ min: 1, max: 11 }),
      length: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1400, max: 4000 })),
      rows: fc.array(fc.integer({ min: 0, max: 11 }), { maxLength: 12 }),
      zeros: fc.boolean()
    })
    fc.assert(
      fc.property(sizes, ({ count, length, rows, zeros }) => {
        const coefficients = Float64Array.from({ length: 12 * count }, (_, i) =>
          zeros && i % 4 === 0 ? 0 : Math.sin(i * i + 1) * (1 + (i % 4))
        )
        const vectors = Array.from({ length: count }, (_, c) =>
          Float32Array.from({ length }, (_, x) => Math.cos(c + 7 * x) * 10)
        )
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

  it('takes more vectors than it had memory for', () => {
    const count = 5000
    const vectors = Array.from({ length: count }, (_, c) => Float32Array.of(c, 1))
    const [one, other] = combine(new Float64Array(2 * count).fill(0.5), vectors, [0, 1])
    assert.deepEqual(one, Float32Array.of((count * (count - 1)) / 4, count / 2))
    assert.deepEqual(other, one)
    assert.deepEqual(combine(Float64Array.of(2), [Float32Array.of(3)], [0]), [Float32Array.of(6)], 'and less again')
  })

  it('gives rows that share no memory with each other or with what comes after', () => {
    const vector = Float32Array.of(1, 2)
    const first = combine(Float64Array.of(1, 2), [vector], [0, 1])
    assert.notEqual(first[0].buffer, first[1].buffer, 'each row can be transferred by itself')
    combine(Float64Array.of(7, 8), [vector], [0, 1])
    assert.deepEqual(first, [Float32Array.of(1, 2), Float32Array.of(2, 4)])
  })

  it('is the same, bit by bit, each time', () => {
    const coefficients = Float64Array.from({ length: 60 }, (_, i) => Math.sin(i))
    const vectors = Array.from({ length: 6 }, (_, c) => Float32Array.from({ length: 700 }, (_, x) => Math.sin(x * c)))
    const rows = [0, 4, 9]
    assert.deepEqual(combine(coefficients, vectors, rows), combine(coefficients, vectors, rows))
    assert.deepEqual(combine(coefficients, vectors, [4])[0], combine(coefficients, vectors, rows)[1])
  })
})
