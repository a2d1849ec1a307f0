import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  type CodeFamily,
  codes,
  EmptySurvivorsError,
  encode,
  InvalidCodeError,
  InvalidSurvivorsError,
  type Layout,
  type LinearCode,
  linearDecoder
} from '../../src/codes/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { rowsOf, scale, subsets, sum } from './matrices.ts'

const GROUP_SIZES = [1, 2, 3, 4, 8]
const CODED_SIZES = [1, 2, 3, 4, 5, 8, 9]

const variants = Object.values(codes).flatMap(family => family.layouts.map(layout => ({ family, layout })))

for (const { family, layout } of variants) {
  describe(`${family.name} in ${layout} layout keeps the promises of a code`, () => {
    for (const code of members(family, layout)) {
      const { k, n } = code
      const E = rowsOf(code.encodingMatrix, k)
      const at = `(k, n) = (${k}, ${n})`

      it(`${at}: E is n×k, its rows sum to 1, and it is systematic if and only if its first k rows are the identity`, () => {
        assert.equal(code.name, family.name)
        assert.equal(E.length, n)
        for (const row of E) assertClose(sum(row), 1, 1e-12 * scale([row]), 'the sum of a row of E')
        const identity = n >= k && E.slice(0, k).every((row, i) => row.every((entry, q) => entry === (i === q ? 1 : 0)))
        assert.equal(code.systematic, identity)
        if (family.systematic || layout === 'systematic') assert.ok(code.systematic, 'it should be systematic')
        if (code.points !== undefined)
          assert.equal(new Set(code.points.beta).size, n, 'two coded queries share a point')
      })

      it(`${at}: for every survivor set, D is k×m, finite; recoverable rows sum to 1 and the others are zeros`, () => {
        for (const survivors of subsets(n)) {
          const D = rowsOf(code.decodingMatrix(survivors), survivors.length)
          assert.equal(D.length, k)
          code.recoverable(survivors).forEach((recoverable, q) => {
            const where = `row ${q} of D for survivors ${survivors}`
            assert.ok(D[q].every(Number.isFinite), `${where} is not finite: ${D[q]}`)
            if (recoverable) assertClose(sum(D[q]), 1, 1e-10 * scale([D[q]]), `the sum of ${where}`)
            else
              assert.ok(
                D[q].every(entry => entry === 0),
                `${where} should be zeros: ${D[q]}`
              )
          })
        }
      })

      it(`${at}: one more survivor never makes a query unrecoverable, and all survivors recover every query`, () => {
        const everyone = Array.from({ length: n }, (_, i) => i)
        assert.ok(code.recoverable(everyone).every(Boolean), 'a query is lost although nobody straggles')
        assert.deepEqual(code.recoverable([]), new Array(k).fill(false))
        for (const survivors of subsets(n)) {
          const fewer = code.recoverable(survivors.slice(1))
          code.recoverable(survivors).forEach((recoverable, q) => {
            assert.ok(recoverable || !fewer[q], `query ${q} is lost to ${survivors}, but not to ${survivors.slice(1)}`)
          })
        }
      })

      it(`${at}: decodes constant data exactly, for every survivor set, under the default guard`, () => {
        const constant = Float32Array.of(3.25, -7, 0)
        const coded = encode(
          code,
          Array.from({ length: k }, () => Tensor.float32(constant))
        )
        for (const survivors of subsets(n)) {
          const operator = linearDecoder(code).select(survivors)
          operator.apply(survivors.map(i => coded[i])).forEach((prediction, q) => {
            assert.equal(prediction !== undefined, operator.recoverable[q])
            prediction?.data.forEach((value, j) => {
              const where = `query ${q}, element ${j}, survivors ${survivors}`
              assertClose(Number(value), constant[j], 1e-3, where)
            })
          })
        }
      })

      it(`${at}: an exact prediction is the result tensor of its own query, the same object`, () => {
        const results = Array.from({ length: n }, (_, i) => Tensor.float32([i]))
        for (const survivors of subsets(n)) {
          const { exact, recoverable, apply } = linearDecoder(code).select(survivors)
          apply(survivors.map(i => results[i])).forEach((prediction, q) => {
            if (!exact[q]) return
            assert.ok(recoverable[q])
            const source = results.findIndex(result => Object.is(result, prediction))
            assert.ok(survivors.includes(source), `the prediction of query ${q} is none of the results`)
            assert.deepEqual(
              E[source],
              Array.from({ length: k }, (_, c) => (c === q ? 1 : 0))
            )
          })
        }
      })

      if (layout === 'systematic') {
        it(`${at}: hands on the result of every query whose own worker answers, whoever else straggles`, () => {
          for (const survivors of subsets(n)) {
            const { exact } = linearDecoder(code).select(survivors)
            for (const q of survivors) if (q < k) assert.ok(exact[q], `query ${q} is not exact for ${survivors}`)
          }
        })
      }

      it(`${at}: refuses survivors that are none, not ascending, repeated, or not of the code`, () => {
        assert.throws(() => code.decodingMatrix([]), EmptySurvivorsError)
        for (const survivors of [[n], [-1], [0.5], [NaN], [0, 0], [1, 0]]) {
          assert.throws(() => code.decodingMatrix(survivors), InvalidSurvivorsError, `accepts ${survivors}`)
          assert.throws(() => code.recoverable(survivors), InvalidSurvivorsError, `recoverable accepts ${survivors}`)
        }
      })
    }

    it('decodes any finite results to finite predictions, for groups of up to 40 queries', () => {
      fc.assert(
        fc.property(groups(family, layout), ({ code, survivors }) => {
          const largest = Tensor.float32([3e30, -3e30])
          const predictions = linearDecoder(code)
            .select(survivors)
            .apply(survivors.map(() => largest))
          for (const prediction of predictions) {
            assert.ok(prediction === undefined || [...prediction.data].every(value => Number.isFinite(Number(value))))
          }
        })
      )
    })

    it('refuses impossible numbers of queries and coded queries', () => {
      for (const k of [0, -1, 1.5, NaN, Infinity]) {
        assert.throws(() => family.create({ k, n: 8, layout }), InvalidCodeError, `accepts k = ${k}`)
      }
      const [below, above] = [family.minimumN(4, { layout }) - 1, (family.maximumN?.(4) ?? Infinity) + 1]
      for (const n of [0, -1, 1.5, NaN, Infinity, below, above]) {
        assert.throws(() => family.create({ k: 4, n, layout }), InvalidCodeError, `accepts n = ${n}`)
      }
    })
  })
}

function members(family: CodeFamily, layout: Layout): LinearCode[] {
  return GROUP_SIZES.flatMap(k =>
    CODED_SIZES.filter(n => n >= family.minimumN(k, { layout }) && n <= (family.maximumN?.(k) ?? Infinity)).map(n =>
      family.create({ k, n, layout })
    )
  )
}

interface Group {
  code: LinearCode
  survivors: number[]
}

function groups(family: CodeFamily, layout: Layout): fc.Arbitrary<Group> {
  return fc.integer({ min: 1, max: 40 }).chain(k => {
    const max = Math.min(60, family.maximumN?.(k) ?? Infinity)
    return fc.integer({ min: family.minimumN(k, { layout }), max }).chain(n => {
      const everyone = Array.from({ length: n }, (_, i) => i)
      return fc.subarray(everyone, { minLength: 1 }).map(survivors => ({
        code: family.create({ k, n, layout }),
        survivors
      }))
    })
  })
}

function assertClose(actual: number, expected: number, tolerance: number, what: string) {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${what} is ${actual}, expected ${expected} ± ${tolerance}`)
}
