import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  covarianceDecoder,
  covarianceMatrix,
  GroupSizeError,
  InvalidCodeError,
  linearDecoder,
  type Moments,
  nercc,
  type Outputs,
  replication,
  secondMoments,
  softmax,
  temperedSoftmax
} from '../../src/codes/index.ts'
import { float16ToFloat32, float32ToFloat16, Tensor } from '../../src/tensor/index.ts'
import { CLASSES, outputsOf, synthetic } from './synthetic.ts'

const code = nercc({ k: 8, n: 20 })
const GROUPS = 100

function learned(seed: number, outputs: Outputs = 'logits', of = code): Moments {
  const source = synthetic(seed)
  const groups = Array.from({ length: GROUPS }, () => outputsOf(source, of).map(values => given(values, outputs)))
  return secondMoments(groups, { n: of.n, k: of.k, outputs })
}

function given(logits: Float32Array, outputs: Outputs): Float32Array {
  return outputs === 'probabilities' ? softmax(logits) : logits
}

describe('covarianceDecoder', () => {
  it('decodes new groups of a smooth model with less squared error than the spline', () => {
    const source = synthetic(1)
    const calibration = Array.from({ length: GROUPS }, () => outputsOf(source, code))
    const moments = secondMoments(calibration, { n: 20, k: 8, outputs: 'logits' })
    const survivors = [1, 2, 5, 6, 8, 11, 12, 15, 18]
    const error = { ours: 0, spline: 0 }
    for (let group = 0; group < 50; group++) {
      const outputs = outputsOf(source, code)
      const results = survivors.map(i => Tensor.float32(outputs[i]))
      const ours = covarianceDecoder({ code, moments }).select(survivors).apply(results)
      const spline = linearDecoder(code).select(survivors).apply(results)
      outputs.slice(20).forEach((truth, q) => {
        error.ours += squaredError(ours[q], truth)
        error.spline += squaredError(spline[q], truth)
      })
    }
    assert.ok(error.ours < error.spline, `squared error ${error.ours}, of the spline ${error.spline}`)
  })

  it('gives logits a class mean of 0, and leaves probabilities and values with their own centre', () => {
    const survivors = [0, 4, 9]
    const constant = survivors.map(() => Tensor.float32(new Float32Array(CLASSES).fill(3)))
    const [logits] = covarianceDecoder({ code, moments: learned(2) })
      .select(survivors)
      .apply(constant)
    assert.deepEqual([...(logits?.data ?? [])].map(Number), new Array(CLASSES).fill(0))

    const moments = learned(2, 'probabilities')
    const centre = survivors.map(() => Tensor.float32(new Float32Array(CLASSES).fill(1 / CLASSES)))
    for (const prediction of covarianceDecoder({ code, moments }).select(survivors).apply(centre)) {
      for (const value of prediction?.data ?? []) assert.ok(Math.abs(Number(value) - 1 / CLASSES) < 1e-7, `${value}`)
    }

    const mean = Float64Array.from({ length: CLASSES }, (_, c) => c)
    const values: Moments = { ...learned(2, 'values'), mean }
    for (const prediction of covarianceDecoder({ code, moments: values })
      .select(survivors)
      .apply(survivors.map(() => Tensor.float32(Float32Array.from(mean))))) {
      prediction?.data.forEach((value, c) => {
        assert.ok(Math.abs(Number(value) - c) < 1e-5, `output ${c} is ${value}`)
      })
    }
  })

  it('computes centre + D·(y − centre)', () => {
    const moments = learned(3)
    const survivors = [2, 3, 11, 19]
    const outputs = outputsOf(synthetic(4), code)
    const { matrix } = covarianceMatrix(moments, survivors, 1e-3)
    const predictions = covarianceDecoder({ code, moments })
      .select(survivors)
      .apply(survivors.map(i => Tensor.float32(outputs[i])))
    predictions.forEach((prediction, q) => {
      prediction?.data.forEach((value, c) => {
        const expected = survivors.reduce((sum, i, j) => {
          const mean = outputs[i].reduce((a, b) => a + b, 0) / CLASSES
          return sum + matrix[q * 4 + j] * (outputs[i][c] - mean)
        }, 0)
        assert.ok(Math.abs(Number(value) - expected) < 1e-5, `query ${q}, class ${c}: ${value}, expected ${expected}`)
      })
    })
  })

  it('hands on the result of a query that survives, of any code and in either precision', () => {
    const systematic = nercc({ k: 4, n: 9, layout: 'systematic' })
    const operator = covarianceDecoder({ code: systematic, moments: learned(5, 'logits', systematic) }).select([
      1, 3, 5, 7
    ])
    assert.deepEqual(operator.exact, [false, true, false, true])
    const outputs = outputsOf(synthetic(6), systematic)
    const singles = [1, 3, 5, 7].map(i => Tensor.float32(outputs[i]))
    const [lost, kept] = operator.apply(singles)
    assert.equal(kept, singles[0])
    const halves = singles.map(
      ({ data }) => new Tensor('float16', [CLASSES], float32ToFloat16(Float32Array.from(data, Number)))
    )
    const [half] = operator.apply(halves)
    assert.equal(half?.dtype, 'float16')
    float16ToFloat32(Uint16Array.from(half?.data ?? [], Number)).forEach((value, c) => {
      assert.ok(Math.abs(value - Number(lost?.data[c])) < 0.05, `class ${c} is ${value} in half precision`)
    })
  })

  it('stays finite for every survivor set, however large the results', () => {
    const moments = learned(7)
    const sets = fc.subarray(
      Array.from({ length: 20 }, (_, i) => i),
      { minLength: 1 }
    )
    fc.assert(
      fc.property(sets, survivors => {
        const results = survivors.map(() => Tensor.float32([3e30, -3e30]))
        for (const prediction of covarianceDecoder({ code, moments, epsilon: 0 }).select(survivors).apply(results)) {
          assert.ok(
            prediction?.data.every(value => Number.isFinite(Number(value))),
            'a prediction is not finite'
          )
        }
      })
    )
  })

  it('raises ε where C_SS is singular, which else would give no numbers at all, and says so', () => {
    // Two coded queries that always agreed: without the guard the second pivot is 0, and D is 0/0.
    const repeated = nercc({ k: 1, n: 2 })
    const moments: Moments = { n: 2, k: 1, outputs: 'values', matrix: new Float64Array(9).fill(1) }
    const operator = covarianceDecoder({
      code: { ...repeated, encodingMatrix: Float64Array.of(0.5, 0.5) },
      moments,
      epsilon: 0
    })
    const { guarded, apply } = operator.select([0, 1])
    assert.deepEqual(guarded, [true])
    assert.ok(Math.abs(Number(apply([Tensor.float32([2]), Tensor.float32([4])])[0]?.data[0]) - 3) < 1e-6)
    assert.deepEqual(operator.select([0]).guarded, [false], 'one of them alone is regular')
  })

  it('caps the norm of its rows like every decoder', () => {
    // The calibration says that the result tells a tenth of the prediction: D = 10.
    const matrix = Float64Array.of(1, 10, 10, 100)
    const lone = { ...nercc({ k: 1, n: 1 }), encodingMatrix: Float64Array.of(0.5) }
    const options = { code: lone, moments: { n: 1, k: 1, outputs: 'values' as const, matrix }, epsilon: 0 }
    const results = [Tensor.float32([1])]
    assert.equal(Number(covarianceDecoder(options).select([0]).apply(results)[0]?.data[0]), 10)
    const capped = covarianceDecoder({ ...options, normCap: 2 }).select([0])
    assert.deepEqual(capped.guarded, [true])
    assert.equal(Number(capped.apply(results)[0]?.data[0]), 2)
  })

  it('says how unsure each prediction is: as much as it errs on new groups, and not at all where it is exact', () => {
    const systematic = nercc({ k: 4, n: 9, layout: 'systematic' })
    const source = synthetic(9)
    const calibration = Array.from({ length: 400 }, () => outputsOf(source, systematic))
    const moments = secondMoments(calibration, { n: 9, k: 4, outputs: 'logits' })
    const survivors = [1, 4, 6, 8]
    const operator = covarianceDecoder({ code: systematic, moments }).select(survivors)
    const variances = operator.variances ?? []
    const errors = [0, 0, 0, 0]
    const groups = 400
    for (let group = 0; group < groups; group++) {
      const outputs = outputsOf(source, systematic)
      operator.apply(survivors.map(i => Tensor.float32(outputs[i]))).forEach((prediction, q) => {
        const own = outputs[9 + q]
        const differences = own.map((value, c) => value - Number(prediction?.data[c]))
        const shift = differences.reduce((sum, value) => sum + value, 0) / CLASSES
        errors[q] += differences.reduce((sum, value) => sum + (value - shift) ** 2, 0) / CLASSES / groups
      })
    }
    assert.equal(variances[1], 0, 'the result of query 1 itself arrived')
    for (const q of [0, 2, 3]) {
      const ratio = variances[q] / errors[q]
      assert.ok(ratio > 0.7 && ratio < 1.4, `query ${q}: variance ${variances[q]}, squared error ${errors[q]}`)
    }
  })

  it('takes side results in, which answer for queries of which nothing arrived', () => {
    // Queries so unlike that nothing is known of one from the other, and a student that is nearly right.
    const copies = replication({ k: 2, n: 4 })
    const { normal } = synthetic(10)
    const groups = Array.from({ length: 200 }, () => {
      const own = [0, 1].map(() => Float32Array.from({ length: CLASSES }, () => 5 * normal()))
      const student = own.map(logits => logits.map(value => value + 0.1 * normal()))
      return { own, student, vectors: [...own, ...own, ...student, ...own] }
    })
    const moments = secondMoments(
      groups.map(({ vectors }) => vectors),
      { n: 4, k: 2, side: 2, outputs: 'logits' }
    )
    const operator = covarianceDecoder({ code: copies, moments, epsilon: 1e-4 }).select([0])
    assert.deepEqual(operator.exact, [true, false], 'what a student says is no result of the query')
    const [{ own, student }] = groups
    const results = [own[0], ...student].map(vector => Tensor.float32(vector))
    const [, second] = operator.apply(results)
    const largest = (values: Iterable<unknown>) =>
      [...values].map(Number).reduce((best, value, c, all) => (value > all[best] ? c : best), 0)
    assert.equal(largest(second?.data ?? []), largest(own[1]), 'the class is the student’s')
    assert.throws(() => operator.apply(results.slice(1)), GroupSizeError)
  })

  it('refuses moments of another code, of no covariance, or with a mean that means nothing', () => {
    const moments = learned(8)
    const ofOther = nercc({ k: 8, n: 21 })
    assert.throws(() => covarianceDecoder({ code: ofOther, moments }), /the moments are of \(8, 20\)/)
    for (const wrong of [
      { ...moments, matrix: moments.matrix.subarray(1) },
      { ...moments, matrix: moments.matrix.map(() => NaN) },
      { ...moments, matrix: moments.matrix.map((value, i) => (i === 28 ? 1e9 : value)) },
      { ...moments, mean: new Float64Array(CLASSES) }
    ]) {
      assert.throws(() => covarianceDecoder({ code, moments: wrong }), InvalidCodeError)
    }
    for (const epsilon of [-1, NaN, Infinity]) {
      assert.throws(() => covarianceDecoder({ code, moments, epsilon }), InvalidCodeError, `accepts ε = ${epsilon}`)
    }
  })
})

describe('secondMoments', () => {
  it('averages the products of centred outputs over groups and outputs', () => {
    const groups = [
      [Float32Array.of(1, 3), Float32Array.of(2, -2)],
      [Float32Array.of(0, 4), Float32Array.of(1, 1)]
    ]
    const { matrix } = secondMoments(groups, { n: 1, k: 1, outputs: 'logits' })
    // Centred: (−1, 1), (2, −2); (−2, 2), (0, 0).
    assert.deepEqual([...matrix], [10 / 4, -4 / 4, -4 / 4, 8 / 4])
  })

  it('refuses no groups, and groups of another size', () => {
    const size = { n: 1, k: 1, outputs: 'values' } as const
    assert.throws(() => secondMoments([], size), GroupSizeError)
    assert.throws(() => secondMoments([[Float32Array.of(1)]], size), GroupSizeError)
    assert.throws(() => secondMoments([[Float32Array.of(1), Float32Array.of(1, 2)]], size), GroupSizeError)
  })
})

describe('averageExact', () => {
  it('gives the mean of all results of a query itself, and still calls it exact', () => {
    const code = replication({ k: 2, n: 6 })
    const results = [1, 2, 6].map(value => Tensor.float32([value]))
    const first = linearDecoder(code).select([0, 2, 3])
    assert.equal(first.apply(results)[0], results[0])
    const mean = linearDecoder(code, { averageExact: true }).select([0, 2, 3])
    assert.deepEqual(mean.exact, [true, true])
    const [averaged, alone] = mean.apply(results)
    assert.deepEqual(averaged, Tensor.float32([1.5]))
    assert.equal(alone, results[2], 'a lone result is handed on, not computed')
  })
})

describe('temperedSoftmax', () => {
  it('is the softmax where nothing is unsure, and goes to uniform as the variance grows', () => {
    const logits = Float32Array.of(2, 0, -2)
    const [sure, unsure, lost] = [0, 10, 1e12].map(variance => temperedSoftmax(logits, variance))
    assert.deepEqual(sure, softmax(logits))
    assert.ok(unsure[0] < sure[0] && unsure[0] > lost[0], 'less sure, of the same class')
    assert.ok(Math.abs(lost[0] - 1 / 3) < 1e-5, `uniform, got ${lost}`)
  })
})

describe('softmax', () => {
  it('gives probabilities, whatever is added to all logits', () => {
    const probabilities = softmax(Float32Array.of(1, 2, 3))
    const expected = [1, 2, 3].map(z => Math.exp(z) / (Math.E + Math.E ** 2 + Math.E ** 3))
    probabilities.forEach((value, c) => {
      assert.ok(Math.abs(value - expected[c]) < 1e-7)
    })
    assert.deepEqual([...softmax(Float32Array.of(3e38, -3e38))], [1, 0])
    assert.deepEqual(softmax(Float32Array.of(101, 102, 103)), probabilities)
  })
})

function squaredError(prediction: Tensor | undefined, logits: Float32Array): number {
  assert.ok(prediction !== undefined)
  const given = softmax(Float32Array.from(prediction.data, Number))
  return softmax(logits).reduce((sum, value, c) => sum + (value - given[c]) ** 2, 0)
}
