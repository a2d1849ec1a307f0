import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { random } from '../../src/chance/index.ts'
import { joinSums, type RidgeSums, ridge, squaredError } from '../../src/students/index.ts'

/** Sums of z = [features; 1; targets]. */
function sumsOf(queries: readonly { features: number[]; targets: number[] }[]): RidgeSums {
  const rows = queries.map(({ features, targets }) => [...features, 1, ...targets])
  const size = rows[0].length
  const matrix = new Float64Array(size * size)
  for (const row of rows) {
    for (let at = 0; at < matrix.length; at++) matrix[at] += row[Math.floor(at / size)] * row[at % size]
  }
  return { features: queries[0].features.length, targets: queries[0].targets.length, matrix }
}

describe('a ridge regression from sums', () => {
  const chance = random(7)
  // Two targets that are affine in three features of very different sizes; the fourth feature never varies.
  const queries = Array.from({ length: 200 }, () => {
    const [a, b, c] = [chance(), 1000 * chance(), 5 + 0.1 * chance()]
    return { features: [a, b, c, 3], targets: [2 * a - 0.004 * b + 1, 100 * c - a] }
  })

  it('finds an affine law, whatever the sizes of the features', () => {
    const { weights, biases } = ridge(sumsOf(queries), 1e-9)
    for (const { features, targets } of queries) {
      targets.forEach((target, t) => {
        const said = features.reduce((sum, value, i) => sum + value * weights[2 * i + t], biases[t])
        assert.ok(Math.abs(said - target) < 1e-3, `target ${t} is ${target}, got ${said}`)
      })
    }
  })

  it('gives no weight to a feature that never varies', () => {
    const { weights } = ridge(sumsOf(queries), 1e-3)
    assert.ok(
      weights.subarray(6, 8).every(weight => weight === 0),
      `got ${weights.subarray(6, 8)}`
    )
  })

  it('goes to the mean of the targets as λ grows', () => {
    const { weights, biases } = ridge(sumsOf(queries), 1e9)
    const mean = queries.reduce((sum, { targets }) => sum + targets[0], 0) / queries.length
    assert.ok(Math.abs(biases[0] - mean) < 1e-4, `expected ${mean}, got ${biases[0]}`)
    assert.ok(weights.every(weight => Math.abs(weight) < 1e-4))
  })

  it('has the squared error, on the sums of other queries, that it has on the queries themselves', () => {
    const [fitted, held] = [queries.slice(0, 150), queries.slice(150)]
    const readout = ridge(sumsOf(fitted), 0.1)
    const errors = held.map(({ features, targets }) =>
      targets.reduce((sum, target, t) => {
        const said = features.reduce((total, value, i) => total + value * readout.weights[2 * i + t], readout.biases[t])
        return sum + (said - target) ** 2
      }, 0)
    )
    const expected = errors.reduce((sum, error) => sum + error, 0) / held.length
    const found = squaredError(sumsOf(held), readout)
    assert.ok(Math.abs(found / expected - 1) < 1e-6, `expected ${expected}, got ${found}`)
  })

  it('is the same from joined sums as from all queries', () => {
    const joined = joinSums(sumsOf(queries.slice(0, 60)), sumsOf(queries.slice(60)))
    const [found, expected] = [ridge(joined, 0.1), ridge(sumsOf(queries), 0.1)]
    found.weights.forEach((weight, i) => {
      assert.ok(Math.abs(weight - expected.weights[i]) <= 1e-5 * Math.abs(expected.weights[i]))
    })
  })

  it('is refused without queries, and with none to tell features apart', () => {
    assert.throws(() => ridge({ features: 1, targets: 1, matrix: new Float64Array(9) }, 1e-3), {
      name: 'StudentFitError'
    })
    const twins = queries.map(({ features: [a], targets }) => ({ features: [a, a], targets }))
    assert.throws(() => ridge(sumsOf(twins), 0), { name: 'StudentFitError', message: /λ/ })
  })
})
