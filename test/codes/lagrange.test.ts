import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { InvalidCodeError, lagrange, linearDecoder } from '../../src/codes/index.ts'
import { orthogonalise } from '../../src/codes/orthogonal.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { dot, rowsOf, scale, subsets } from './matrices.ts'

describe('lagrange', () => {
  it('decodes a polynomial model exactly from any (K−1)d + 1 results, in both layouts', () => {
    const models = [(x: number) => 2 - 3 * x, (x: number) => x * x - x + 1, (x: number) => x ** 3 - 2 * x * x + 5]
    for (const layout of ['paper', 'systematic'] as const) {
      models.forEach((model, i) => {
        const degree = i + 1
        const code = lagrange({ k: 3, n: 9, degree, layout })
        const queries = [0.5, -1, 0.25]
        const results = rowsOf(code.encodingMatrix, 3).map(row => model(dot(row, queries)))
        for (const survivors of subsets(9).filter(({ length }) => length > 2 * degree)) {
          assert.deepEqual(code.recoverable(survivors), [true, true, true])
          rowsOf(code.decodingMatrix(survivors), survivors.length).forEach((row, q) => {
            const prediction = dot(
              row,
              survivors.map(s => results[s])
            )
            const error = Math.abs(prediction - model(queries[q]))
            const tolerance = 1e-10 * scale([row]) * scale([results])
            assert.ok(
              error <= tolerance,
              `${layout}, degree ${degree}, query ${q}, survivors ${survivors}: off by ${error}`
            )
          })
        }
      })
    }
  })

  it('recovers only the queries whose own result came when there are fewer results than that', () => {
    const code = lagrange({ k: 3, n: 9, degree: 2, layout: 'systematic' })
    const operator = linearDecoder(code).select([1, 3, 4, 5])
    assert.deepEqual(operator.recoverable, [false, true, false])
    assert.deepEqual(operator.exact, [false, true, false])
    const results = [1, 3, 4, 5].map(i => Tensor.float32([i]))
    assert.deepEqual(operator.apply(results), [undefined, results[0], undefined])
  })

  it('shows why it needs a guard: with (20, 100) and 40 survivors a row of D has a norm of thousands and more', () => {
    const code = lagrange({ k: 20, n: 100 })
    const survivors = Array.from({ length: 40 }, (_, i) => 30 + i)
    const steepest = Math.max(
      ...rowsOf(code.decodingMatrix(survivors), 40).map(row => row.reduce((a, b) => a + Math.abs(b), 0))
    )
    assert.ok(steepest > 1000, `the steepest row has norm ${steepest}`)
    assert.ok(linearDecoder(code).select(survivors).guarded.includes(true), 'no row was guarded')
  })

  it('refuses a degree that is not a whole number ≥ 1, and fewer coded queries than it needs results', () => {
    for (const degree of [0, -1, 1.5, NaN]) assert.throws(() => lagrange({ k: 3, n: 9, degree }), InvalidCodeError)
    assert.throws(() => lagrange({ k: 3, n: 4, degree: 2 }), /needs 5 results/)
  })
})

describe('the thin QR', () => {
  it('gives orthonormal columns and V = Q·R, and drops a column that depends on others', () => {
    const entry = fc.integer({ min: -9, max: 9 })
    const columns = fc.array(fc.array(entry, { minLength: 6, maxLength: 6 }), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(columns, rows => {
        const twice = [...rows, rows[0].map(value => 2 * value)].map(column => Float64Array.from(column))
        const { q, r } = orthogonalise(twice)
        assert.equal(r[rows.length][rows.length], 0, 'the repeated column was kept')
        q.forEach((a, i) => {
          q.forEach((b, j) => {
            const expected = i === j && r[i][i] !== 0 ? 1 : 0
            assert.ok(Math.abs(dot([...a], [...b]) - expected) < 1e-12, `columns ${i} and ${j} are not orthonormal`)
          })
        })
        twice.forEach((column, j) => {
          column.forEach((value, row) => {
            const product = q.slice(0, j + 1).reduce((total, direction, i) => total + direction[row] * r[j][i], 0)
            assert.ok(Math.abs(product - value) < 1e-11, `column ${j} is not Q·R`)
          })
        })
      })
    )
  })
})
