import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { agreementScore, expectedQuality, linearDecoder, nercc, secondMoments } from '../../src/codes/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { CLASSES, outputsOf, synthetic } from './synthetic.ts'

const code = nercc({ k: 4, n: 9, layout: 'systematic' })

describe('agreementScore', () => {
  it('rises with the lead of the largest output, falls as outputs get unsure, and is finite whatever comes', () => {
    const near = agreementScore(Float32Array.of(2, 1.5, -3), 1)
    const far = agreementScore(Float32Array.of(2, 0.5, -3), 1)
    assert.ok(far > near)
    assert.ok(agreementScore(Float32Array.of(2, 0.5, -3), 4) < far)
    const even = agreementScore(new Float32Array(10), 1)
    assert.ok(Math.abs(even + Math.log(9)) < 1e-12, `nothing known of ten classes is odds of 1 to 9, got ${even}`)
    for (const variance of [0, 1e300]) {
      assert.ok(Number.isFinite(agreementScore(Float32Array.of(3e38, -3e38), variance)), `variance ${variance}`)
    }
  })

  it('says for two outputs about how likely the larger stays the larger', () => {
    const { normal } = synthetic(1)
    const trials = 4000
    for (const lead of [0.5, 1, 2]) {
      const stays = Array.from({ length: trials }, () => Number(lead + normal() - normal() > 0))
      const share = stays.reduce((sum, one) => sum + one, 0) / trials
      const said = 1 / (1 + Math.exp(-agreementScore(Float32Array.of(lead, 0), 1)))
      assert.ok(Math.abs(said - share) < 0.04, `a lead of ${lead}σ stays in ${share}, said ${said}`)
    }
  })
})

describe('expectedQuality', () => {
  const source = synthetic(2)
  const groups = Array.from({ length: 50 }, () => outputsOf(source, code))
  const moments = secondMoments(groups, { n: 9, k: 4, outputs: 'logits' })
  const operator = linearDecoder(code, { moments }).select([1, 5, 7])
  const predictions = operator.apply([1, 5, 7].map(i => Tensor.float32(groups[0][i])))
  const agreement = { from: [-30, 30], to: [0, 1] }

  it('is of each prediction that is not exact: its own variance, scaled, and what its own score means', () => {
    const reliability = [{ survivors: 3, scale: 2, agreement }]
    const expected = expectedQuality(reliability, operator, predictions)
    assert.deepEqual(operator.exact, [false, true, false, false])
    predictions.forEach((prediction, q) => {
      const variance = operator.variances?.[q] ?? NaN
      const score = agreementScore(Float32Array.from(prediction?.data ?? [], Number), variance)
      const own = { error: 2 * CLASSES * variance, agreement: (score + 30) / 60 }
      assert.deepEqual(expected[q], q === 1 ? undefined : own)
    })
  })

  it('is interpolated between numbers of survivors, and that of the nearest beyond them', () => {
    const errorAt = (...known: Array<[survivors: number, scale: number]>) => {
      const reliability = known.map(([survivors, scale]) => ({ survivors, scale }))
      const [first] = expectedQuality(reliability, operator, predictions)
      return (first?.error ?? NaN) / (CLASSES * (operator.variances?.[0] ?? NaN))
    }
    assert.equal(errorAt([1, 1], [5, 3]), 2)
    assert.equal(errorAt([4, 1], [5, 3]), 1)
    assert.equal(errorAt([1, 1], [2, 3]), 3)
  })

  it('says nothing where nothing is known', () => {
    assert.deepEqual(expectedQuality([], operator, predictions), new Array(4).fill(undefined))
    const blind = linearDecoder(code).select([1, 5, 7])
    const reliability = [{ survivors: 3, scale: 2, agreement }]
    assert.deepEqual(expectedQuality(reliability, blind, predictions), new Array(4).fill(undefined))
    assert.equal(expectedQuality(reliability, operator, [undefined, ...predictions.slice(1)])[0], undefined)
    const [values] = expectedQuality([{ survivors: 3, scale: 1 }], operator, predictions)
    assert.ok(values !== undefined && values.agreement === undefined, 'no agreement without classes')
  })
})
