import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { berrut, linearDecoder, nercc } from '../../src/codes/index.ts'
import { codingPoints } from '../../src/codes/points.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { rowsOf } from './matrices.ts'

describe('coding points', () => {
  it('are Chebyshev points of both kinds, strictly descending', () => {
    for (let k = 1; k <= 30; k++) {
      for (let n = 1; n <= 40; n++) {
        const { alpha, beta } = codingPoints(k, n)
        alpha.forEach((a, j) => {
          assert.ok(j === 0 || a < alpha[j - 1], `α of k = ${k} does not descend at ${j}`)
          assert.equal(a, Math.cos(((2 * j + 1) * Math.PI) / (2 * k)))
        })
        beta.forEach((b, i) => {
          assert.ok(i === 0 || b < beta[i - 1], `β of (${k}, ${n}) does not descend at ${i}`)
          const angle = n === 1 ? Math.PI / 2 : (i * Math.PI) / (n - 1)
          assert.ok(Math.abs(b - Math.cos(angle)) < 1e-15, `β[${i}] of (${k}, ${n}) is ${b}`)
        })
      }
    }
  })

  it('are exactly equal where they coincide, and never closer than 1e-6 otherwise', () => {
    let collisions = 0
    for (let k = 1; k <= 30; k++) {
      for (let n = 1; n <= 40; n++) {
        const { alpha, beta } = codingPoints(k, n)
        for (const a of alpha) {
          for (const b of beta) {
            if (a === b) collisions++
            else assert.ok(Math.abs(a - b) > 1e-6, `α = ${a} and β = ${b} of (${k}, ${n}) all but coincide`)
          }
        }
      }
    }
    assert.ok(collisions > 100, `only ${collisions} collisions were found`)
  })

  it('put a lone coded query at 0', () => {
    assert.deepEqual([...codingPoints(2, 1).beta], [0])
    assert.ok(Math.abs(codingPoints(3, 1).beta[0]) < 1e-15)
  })
})

describe('coding points in systematic layout', () => {
  it('are the queries first, then points apart from them and from each other, spread over the gaps between them', () => {
    for (let k = 1; k <= 30; k++) {
      for (let n = k; n <= k + 70; n++) {
        const { alpha, beta } = codingPoints(k, n, 'systematic')
        assert.deepEqual(beta.subarray(0, k), alpha)
        const angles = [...beta].map(Math.acos).sort((a, b) => a - b)
        angles.forEach((angle, i) => {
          const gap = i === 0 ? Infinity : (angle - angles[i - 1]) * (k / Math.PI)
          assert.ok(gap > 0.25 / (n - k + 1), `(${k}, ${n}): two points lie ${gap} of a gap apart`)
        })
        const gaps = [...beta.subarray(k)].map(b => alpha.filter(a => a > b).length)
        const counts = Array.from({ length: k + 1 }, (_, gap) => gaps.filter(g => g === gap).length)
        const inner = counts.slice(1, -1)
        assert.ok(Math.max(0, ...inner) - Math.min(Infinity, ...inner) <= 2, `(${k}, ${n}): gaps hold ${counts} points`)
        assert.ok(
          Math.abs(counts[0] - counts[k]) <= 1,
          `(${k}, ${n}): the ends hold ${counts[0]} and ${counts[k]} points`
        )
      }
    }
  })

  it('are the Chebyshev points of the first kind where there are two for each query', () => {
    codingPoints(4, 12, 'systematic')
      .beta.subarray(4)
      .forEach((b, i) => {
        assert.ok(Math.abs(b - Math.cos(((2 * i + 1) * Math.PI) / 16)) < 1e-15, `parity point ${i} is ${b}`)
      })
  })

  it('leave no gap but the middle one empty where there is one for each query', () => {
    const { alpha, beta } = codingPoints(4, 8, 'systematic')
    const gaps = [...beta.subarray(4)].map(b => alpha.filter(a => a > b).length)
    assert.deepEqual(gaps, [0, 1, 3, 4])
  })
})

describe('where a coded query sits on a query', () => {
  // β_i = cos(iπ/4) and α_j = cos((2j+1)π/4): β_1 = α_0 and β_3 = α_1.
  for (const code of [berrut({ k: 2, n: 5 }), nercc({ k: 2, n: 5 })]) {
    it(`${code.name} sends the query itself and decodes it exactly`, () => {
      const E = rowsOf(code.encodingMatrix, 2)
      assert.deepEqual(
        [E[1], E[3]],
        [
          [1, 0],
          [0, 1]
        ]
      )
      const operator = linearDecoder(code).select([0, 1, 4])
      const results = [0, 1, 4].map(i => Tensor.float32([i]))
      assert.deepEqual(operator.exact, [true, false])
      assert.equal(operator.apply(results)[0], results[1])
    })
  }

  it('nercc hands on the result but does not call it exact when the encoder smooths', () => {
    const { exact } = linearDecoder(nercc({ k: 3, n: 7, lambdaEncode: 1e-3 })).select([0, 1, 3, 5, 6])
    assert.deepEqual(exact, [false, false, false])
  })
})
