import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { splineMatrix } from '../../src/codes/spline.ts'
import { denseSolve, dot, type Rows, rowsOf, scale } from './matrices.ts'

describe('the natural smoothing spline', () => {
  it('is the minimiser of Σ(y−g)² + λ∫g″², as a dense solve in another basis finds it, inside and outside', () => {
    fc.assert(
      fc.property(knotsArbitrary(3), lambdas(), (knots, lambda) => {
        const at = [-1.7, ...knots, -0.31, 0, 0.123, 0.9, 2.5]
        const rows = matrix(knots, at, lambda)
        const expected = kernelMatrix(knots, at, lambda)
        const tolerance = 1e-7 * scale(expected)
        expected.forEach((row, i) => {
          row.forEach((value, j) => {
            const error = Math.abs(rows[i][j] - value)
            assert.ok(error <= tolerance, `A[${i}, ${j}] is ${rows[i][j]}, the dense solve gives ${value}`)
          })
        })
      })
    )
  })

  it('has exactly a unit row at each knot where λ = 0', () => {
    fc.assert(
      fc.property(knotsArbitrary(1), knots => {
        matrix(knots, knots, 0).forEach((row, i) => {
          assert.deepEqual(
            row,
            knots.map((_, j) => (i === j ? 1 : 0))
          )
        })
      })
    )
  })

  it('is a constant through one knot and a line through two, whatever λ', () => {
    for (const lambda of [0, 1e-3, 1e6]) {
      assert.deepEqual(matrix([0.4], [-2, 0.4, 3], lambda), [[1], [1], [1]])
      const [left, middle, right] = matrix([-1, 1], [-2, 0, 2], lambda)
      assert.deepEqual(
        [left, middle, right],
        [
          [1.5, -0.5],
          [0.5, 0.5],
          [-0.5, 1.5]
        ]
      )
    }
  })

  it('becomes the least-squares line as λ grows, and stays finite for the greatest λ', () => {
    const knots = [-1, -0.2, 0.1, 0.8]
    const y = [1, 3, -2, 4]
    const mean = dot(knots, [0.25, 0.25, 0.25, 0.25])
    const centred = knots.map(x => x - mean)
    const slope = dot(centred, y) / dot(centred, centred)
    for (const lambda of [1e12, 1e100, Number.MAX_VALUE]) {
      const [value] = matrix(knots, [0.5], lambda).map(row => dot(row, y))
      assert.ok(Math.abs(value - (1.5 + slope * (0.5 - mean))) < 1e-9, `g(0.5) is ${value} for λ = ${lambda}`)
    }
  })

  it('is linear outside its knots', () => {
    const rows = matrix([-1, -0.5, 0.2, 1], [1, 2, 3, -1, -2, -3], 1e-3)
    for (const [near, middle, far] of [rows.slice(0, 3), rows.slice(3)]) {
      middle.forEach((value, j) => {
        assert.ok(Math.abs(near[j] + far[j] - 2 * value) < 1e-12, `column ${j} bends outside the knots`)
      })
    }
  })
})

function matrix(knots: number[], at: number[], lambda: number): Rows {
  return rowsOf(splineMatrix(Float64Array.from(knots), Float64Array.from(at), lambda), knots.length)
}

/**
 * The same operator by another road: g(z) = a + bz + Σ_j c_j|z − x_j|³ with Σc_j = Σc_j·x_j = 0. Then g⁗ = 12·Σc_jδ(x_j), and
 * the Euler equation λg⁗ = Σ_j (y_j − g(x_j))δ(x_j) of the variational problem says y_j = g(x_j) + 12λc_j.
 */
function kernelMatrix(knots: number[], at: number[], lambda: number): Rows {
  const n = knots.length
  const system = [
    ...knots.map((x, i) => [...knots.map((t, j) => Math.abs(x - t) ** 3 + (i === j ? 12 * lambda : 0)), 1, x]),
    [...knots.map(() => 1), 0, 0],
    [...knots, 0, 0]
  ]
  const columns = knots.map((_, j) => {
    const solution = denseSolve(
      system,
      Array.from({ length: n + 2 }, (_, i) => (i === j ? 1 : 0))
    )
    return at.map(z => dot(solution, [...knots.map(t => Math.abs(z - t) ** 3), 1, z]))
  })
  return at.map((_, i) => columns.map(column => column[i]))
}

/** Ascending knots in [−1, 1], at least 0.05 apart: the dense solve is ill-conditioned for closer ones. */
function knotsArbitrary(minLength: number): fc.Arbitrary<number[]> {
  const places = Array.from({ length: 21 }, (_, i) => i)
  return fc
    .tuple(
      fc.subarray(places, { minLength, maxLength: 9 }),
      fc.array(fc.double({ min: 0, max: 0.05, noNaN: true }), { minLength: 9, maxLength: 9 })
    )
    .map(([chosen, shifts]) => chosen.map((place, i) => -1 + place * 0.1 + shifts[i]))
}

function lambdas(): fc.Arbitrary<number> {
  return fc.oneof(
    fc.constant(0),
    fc.double({ min: -8, max: 1, noNaN: true }).map(exponent => 10 ** exponent)
  )
}
