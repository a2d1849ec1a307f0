import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  approxifer,
  contradicted,
  covarianceLocator,
  EmptySurvivorsError,
  GroupSizeError,
  honestThreshold,
  InvalidCodeError,
  type LinearCode,
  locateRational,
  type Moments,
  nercc,
  secondMoments,
  uncoded
} from '../../src/codes/index.ts'
import { CLASSES, outputsOf, type Synthetic, synthetic } from './synthetic.ts'

const code = nercc({ k: 8, n: 24 })
const STRAGGLERS = 4
const LIARS = 2
const GROUPS = 60

type Attack = (honest: Float32Array, source: Synthetic) => Float32Array

const attacks: Record<string, Attack> = {
  gaussian: (honest, { normal }) => honest.map(value => value + 10 * normal()),
  'rolled class vector': (honest, { integer }) => {
    const by = 1 + integer(CLASSES - 1)
    return honest.map((_, c) => honest[(c + by) % CLASSES])
  }
}

describe('covarianceLocator', () => {
  const source = synthetic(11)
  const moments = calibrate(source, code)
  const threshold = calibrateThreshold(source, code, moments)
  const locator = covarianceLocator({ code, moments, errors: LIARS, threshold })

  for (const [name, attack] of Object.entries(attacks)) {
    it(`finds nine in ten liars of a ${name} attack, and leaves out at most one in a hundred honest results`, () => {
      let [found, lied, slandered, honest] = [0, 0, 0, 0]
      for (let group = 0; group < GROUPS; group++) {
        const { survivors, results, liars } = attacked(source, code, attack)
        for (const wrong of locator.locate(survivors, results).wrong) {
          if (liars.includes(wrong)) found++
          else slandered++
        }
        lied += liars.length
        honest += survivors.length - liars.length
      }
      assert.ok(found >= 0.9 * lied, `${found} of ${lied} liars were found`)
      assert.ok(slandered <= 0.01 * honest, `${slandered} of ${honest} honest results were left out`)
    })
  }

  it('believes 99 in 100 honest results when nobody lies', () => {
    let [slandered, honest] = [0, 0]
    for (let group = 0; group < GROUPS; group++) {
      const { survivors, results } = attacked(source, code, values => values, 0)
      slandered += locator.locate(survivors, results).wrong.length
      honest += survivors.length
    }
    assert.ok(slandered <= 0.01 * honest, `${slandered} of ${honest} honest results were left out`)
  })

  it('scores honest results around 1, and gives the score that each was left out for', () => {
    const { survivors, results, liars } = attacked(source, code, attacks.gaussian)
    const everyone = covarianceLocator({ code, moments, errors: LIARS, threshold: -Infinity })
    const { wrong, scores } = everyone.locate(survivors, results)
    assert.deepEqual(wrong.toSorted(), liars.toSorted())
    const believed = [...scores].filter((_, j) => !liars.includes(survivors[j]))
    const mean = believed.reduce((sum, score) => sum + score, 0) / believed.length
    assert.ok(mean > 0.1 && mean < 10, `the mean honest score is ${mean}`)
    for (const liar of liars) assert.ok(scores[survivors.indexOf(liar)] > threshold, `the score of liar ${liar} is low`)
  })

  it('scores by the residual of each result against the prediction of all others', () => {
    // Two results that agree up to noise: C_SS = [1, c; c, 1]. Each predicts c times the other, with variance 1 − c².
    const pair: LinearCode = { ...nercc({ k: 1, n: 2 }) }
    const c = 0.9
    const correlated: Moments = { n: 2, k: 1, outputs: 'values', matrix: Float64Array.of(1, c, c, c, 1, c, c, c, 1) }
    const exact = covarianceLocator({ code: pair, moments: correlated, errors: 0, threshold: 0, epsilon: 0 })
    const { scores, wrong } = exact.locate([0, 1], [Float32Array.of(2, 1), Float32Array.of(-1, 1)])
    const expected = ((2 + c) ** 2 + (1 - c) ** 2) / (1 - c ** 2) / 2
    assert.ok(Math.abs(scores[0] - expected) < 1e-9 * expected, `the first score is ${scores[0]}, expected ${expected}`)
    assert.deepEqual(wrong, [])
  })

  it('believes side results, and finds with them whom the survivors alone cannot contradict', () => {
    const copy: LinearCode = { ...nercc({ k: 1, n: 1 }) }
    const c = 0.99
    const beside: Moments = {
      n: 1,
      side: 1,
      k: 1,
      outputs: 'values',
      matrix: Float64Array.of(1, c, 1, c, 1, c, 1, c, 1)
    }
    const witnessed = covarianceLocator({ code: copy, moments: beside, errors: 1, threshold: 9 })
    const [honest, lie, witness] = [Float32Array.of(2, 1), Float32Array.of(-20, 9), Float32Array.of(2.1, 0.9)]
    assert.deepEqual(witnessed.locate([0], [honest, witness]).wrong, [])
    assert.deepEqual(witnessed.locate([0], [lie, witness]).wrong, [0])
  })

  it('reconsiders whom it suspected first once the others are out', () => {
    // Two liars at the end of a curve who agree with each other: the honest one beyond them is suspected before them.
    const matrix = Float64Array.from({ length: 49 }, (_, at) => Math.exp(-0.02 * (Math.floor(at / 7) - (at % 7)) ** 2))
    const moments: Moments = { n: 6, k: 1, outputs: 'values', matrix }
    const results = [0, 9, 9, 0, 0, 0].map(value => Float32Array.of(value))
    const wrong = (errors: number) =>
      covarianceLocator({ code: nercc({ k: 1, n: 6 }), moments, errors, threshold: 2, epsilon: 1e-3 })
        .locate([0, 1, 2, 3, 4, 5], results)
        .wrong.toSorted()
    assert.deepEqual(wrong(1), [0])
    assert.deepEqual(wrong(2), [1, 2])
  })

  it('leaves out results that are not finite before all others, however few may be wrong', () => {
    const { survivors, results } = attacked(source, code, values => values, 0)
    results[3] = results[3].map(() => NaN)
    const { wrong, scores } = covarianceLocator({ code, moments, errors: 0, threshold }).locate(survivors, results)
    assert.deepEqual(wrong, [survivors[3]])
    assert.equal(scores[3], Infinity)
    assert.ok(
      scores.every((score, j) => j === 3 || Number.isFinite(score)),
      'it has spoiled the other scores'
    )
  })

  it('never leaves out the last result, which nobody can contradict', () => {
    const eager = covarianceLocator({ code, moments, errors: 9, threshold: -Infinity })
    assert.deepEqual(eager.locate([5], [new Float32Array(CLASSES)]).wrong, [])
  })

  it('refuses what cannot be located', () => {
    const { survivors, results } = attacked(source, code, values => values, 0)
    assert.throws(() => locator.locate([], []), EmptySurvivorsError)
    assert.throws(() => locator.locate(survivors, results.slice(1)), GroupSizeError)
    assert.throws(() => covarianceLocator({ code, moments, errors: -1, threshold }), InvalidCodeError)
    assert.throws(() => covarianceLocator({ code, moments, errors: 1, threshold: NaN }), InvalidCodeError)
  })
})

describe('honestThreshold', () => {
  it('is the score that a share of honest groups exceeds', () => {
    const largest = Array.from({ length: 100 }, (_, i) => 100 - i)
    assert.equal(honestThreshold(largest, 0.05), 95)
    assert.equal(honestThreshold([3], 0.5), 3)
    assert.throws(() => honestThreshold([], 0.05), InvalidCodeError)
    for (const share of [0, 1, NaN]) assert.throws(() => honestThreshold(largest, share), InvalidCodeError)
  })
})

describe('locateRational', () => {
  const wide = approxifer({ k: 4, n: 16 })
  const everyone = Array.from({ length: 16 }, (_, i) => i)

  it('finds every liar where results are a polynomial of degree K − 1', () => {
    const source = synthetic(12)
    for (let group = 0; group < GROUPS; group++) {
      const factors = Array.from({ length: CLASSES }, () => [source.normal(), source.normal(), source.normal()])
      const liars = [source.integer(8), 8 + source.integer(8)]
      const results = everyone.map(i => {
        const x = wide.points?.beta[i] ?? NaN
        const honest = Float32Array.from(factors, ([a, b, c]) => a + b * x + c * x ** 3)
        return liars.includes(i) ? honest.map(value => value + source.normal()) : honest
      })
      const located = locateRational({ code: wide, survivors: everyone, results, errors: 2 })
      assert.deepEqual(located.toSorted(), liars.toSorted())
    }
  })

  it('leaves out as many as it is told to, and nobody where too few results came to tell', () => {
    const results = everyone.map(i => Float32Array.of(i))
    assert.equal(locateRational({ code: wide, survivors: everyone, results, errors: 3 }).length, 3)
    assert.deepEqual(locateRational({ code: wide, survivors: everyone, results, errors: 0 }), [])
    const few = everyone.slice(0, 7)
    assert.deepEqual(locateRational({ code: wide, survivors: few, results: results.slice(0, 7), errors: 2 }), [])
  })

  it('has those believed whom the others do not contradict: at most one honest result in a hundred is left out', () => {
    const source = synthetic(14)
    const curve = approxifer({ k: 8, n: 24 })
    const count = { slandered: 0, honest: 0, found: 0, liars: 0 }
    for (const liars of [0, 1]) {
      for (let group = 0; group < GROUPS; group++) {
        const one = attacked(source, curve, attacks.gaussian, liars)
        const wrong = contradicted({ code: curve, ...one }, locateRational({ code: curve, ...one, errors: LIARS }))
        const found = wrong.filter(index => one.liars.includes(index)).length
        count.found += found
        count.liars += liars
        count.slandered += wrong.length - found
        count.honest += one.survivors.length - liars
      }
    }
    assert.ok(count.slandered <= 0.01 * count.honest, `${count.slandered} of ${count.honest} honest results`)
    assert.ok(count.found >= 0.9 * count.liars, `${count.found} of ${count.liars} liars were found`)
  })

  it('has results believed that differ by rounding alone', () => {
    const results = everyone.map(i => Float32Array.of(1 + (i === 5 ? 2e-7 : 0), 0))
    const suspects = locateRational({ code: wide, survivors: everyone, results, errors: 2 })
    assert.deepEqual(contradicted({ code: wide, survivors: everyone, results }, suspects), [])
  })

  it('refuses a code that is not a curve', () => {
    const results = [Float32Array.of(1)]
    assert.throws(
      () => locateRational({ code: uncoded({ k: 1 }), survivors: [0], results, errors: 1 }),
      /is not a curve/
    )
  })
})

describe('the share of liars located on a smooth model', () => {
  it('is higher by covariance than by ApproxIFER, for both attacks', t => {
    const source = synthetic(13)
    const moments = calibrate(source, code)
    const locator = covarianceLocator({
      code,
      moments,
      errors: LIARS,
      threshold: calibrateThreshold(source, code, moments)
    })
    for (const [name, attack] of Object.entries(attacks)) {
      let [covariance, rational] = [0, 0]
      for (let group = 0; group < GROUPS; group++) {
        const { survivors, results, liars } = attacked(source, code, attack)
        const share = (located: number[]) => located.filter(i => liars.includes(i)).length / (LIARS * GROUPS)
        covariance += share(locator.locate(survivors, results).wrong)
        rational += share(locateRational({ code, survivors, results, errors: LIARS }))
      }
      t.diagnostic(`${name}: covariance ${covariance.toFixed(3)}, ApproxIFER ${rational.toFixed(3)}`)
      assert.ok(covariance > rational, `${name}: ${covariance} by covariance, ${rational} by ApproxIFER`)
    }
  })
})

function calibrate(source: Synthetic, of: LinearCode): Moments {
  const groups = Array.from({ length: 150 }, () => outputsOf(source, of))
  return secondMoments(groups, { n: of.n, k: of.k, outputs: 'logits' })
}

function calibrateThreshold(source: Synthetic, of: LinearCode, moments: Moments): number {
  const scorer = covarianceLocator({ code: of, moments, errors: 0, threshold: Infinity })
  const largest = Array.from({ length: 150 }, () => {
    const { survivors, results } = attacked(source, of, values => values, 0)
    return Math.max(...scorer.locate(survivors, results).scores)
  })
  return honestThreshold(largest, 0.05)
}

/** A new group with stragglers, some of whose survivors lie. */
function attacked(source: Synthetic, of: LinearCode, attack: Attack, count = LIARS) {
  const outputs = outputsOf(source, of)
  const survivors = Array.from({ length: of.n }, (_, i) => i)
  for (let s = 0; s < STRAGGLERS; s++) survivors.splice(source.integer(survivors.length), 1)
  const honest = survivors.slice()
  const liars = Array.from({ length: count }, () => honest.splice(source.integer(honest.length), 1)[0])
  const results = survivors.map(i => (liars.includes(i) ? attack(outputs[i], source) : outputs[i]))
  return { survivors, results, liars }
}
