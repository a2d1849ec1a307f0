import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  chooseLambda,
  EmptySurvivorsError,
  GroupSizeError,
  InvalidCodeError,
  nercc,
  uncoded
} from '../../src/codes/index.ts'
import { splineMatrix } from '../../src/codes/spline.ts'
import { dot, rowsOf } from './matrices.ts'
import { synthetic } from './synthetic.ts'

const CANDIDATES = [0, 1e-6, 1e-4, 1e-2, 1]

describe('chooseLambda', () => {
  it('chooses the λ_d with the least error when each result is really left out, in both layouts', () => {
    const groups = fc.record({
      layout: fc.constantFrom('paper', 'systematic'),
      survivors: fc.subarray(
        Array.from({ length: 20 }, (_, i) => i),
        { minLength: 3 }
      ),
      seed: fc.integer()
    })
    fc.assert(
      fc.property(groups, ({ layout, survivors, seed }) => {
        const code = nercc({ k: 6, n: 20, layout })
        const { normal } = synthetic(seed)
        const results = survivors.map(i => {
          const x = code.points?.beta[i] ?? NaN
          return Float32Array.of(Math.sin(3 * x) + 0.1 * normal(), x * x + 0.3 * normal())
        })
        const chosen = chooseLambda({ code, survivors, results, candidates: CANDIDATES })
        const errors = CANDIDATES.map(lambda =>
          reallyLeaveOut(code.points?.beta ?? new Float64Array(), survivors, results, lambda)
        )
        const error = errors[CANDIDATES.indexOf(chosen)]
        const least = Math.min(...errors)
        assert.ok(error <= least * (1 + 1e-6), `λ = ${chosen} has error ${error}, the least is ${least}`)
      })
    )
  })

  it('does not smooth a curve without noise, and smooths noise without a curve', () => {
    const code = nercc({ k: 6, n: 40 })
    const survivors = Array.from({ length: 40 }, (_, i) => i)
    const curve = [...(code.points?.beta ?? [])].map(x => Float32Array.of(Math.sin(3 * x)))
    assert.equal(chooseLambda({ code, survivors, results: curve, candidates: CANDIDATES }), 0)
    const noise = survivors.map(i => Float32Array.of((-1) ** i))
    assert.equal(chooseLambda({ code, survivors, results: noise, candidates: CANDIDATES }), 1)
  })

  it('takes the first where fewer than three survivors make all equal', () => {
    const code = nercc({ k: 3, n: 6 })
    const results = [Float32Array.of(1), Float32Array.of(2)]
    assert.equal(chooseLambda({ code, survivors: [0, 4], results, candidates: [1e-3, 0] }), 1e-3)
  })

  it('refuses a code that is not a curve, and results or candidates that do not fit', () => {
    const code = nercc({ k: 3, n: 6 })
    const one = { survivors: [0], results: [Float32Array.of(1)], candidates: [0] }
    assert.throws(() => chooseLambda({ ...one, code: uncoded({ k: 3 }) }), /it is not a curve/)
    assert.throws(() => chooseLambda({ ...one, code, candidates: [] }), InvalidCodeError)
    assert.throws(() => chooseLambda({ ...one, code, candidates: [-1] }), InvalidCodeError)
    assert.throws(() => chooseLambda({ ...one, code, results: [] }), GroupSizeError)
    assert.throws(() => chooseLambda({ ...one, code, survivors: [] }), EmptySurvivorsError)
  })
})

function reallyLeaveOut(beta: Float64Array, survivors: number[], results: Float32Array[], lambda: number): number {
  const along = [...survivors.keys()].sort((a, b) => beta[survivors[a]] - beta[survivors[b]])
  return along.reduce((total, j) => {
    const others = along.filter(other => other !== j)
    const knots = Float64Array.from(others, other => beta[survivors[other]])
    const [row] = rowsOf(splineMatrix(knots, Float64Array.of(beta[survivors[j]]), lambda), others.length)
    const errors = [...results[j]].map(
      (value, c) =>
        value -
        dot(
          row,
          others.map(other => results[other][c])
        )
    )
    return total + dot(errors, errors)
  }, 0)
}
