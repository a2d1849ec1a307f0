import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  covarianceDecoder,
  encode,
  GroupSizeError,
  gram,
  InvalidCodeError,
  kernelMoments,
  linearDecoder,
  medianDistance,
  nercc,
  softmax
} from '../../src/codes/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { synthetic } from './synthetic.ts'

const code = nercc({ k: 8, n: 20 })

describe('kernelMoments', () => {
  it('are exp(−(d/ℓ)^p) of the distances between the coded queries themselves', () => {
    const { query } = synthetic(1)
    const queries = Array.from({ length: 8 }, query)
    const group = gram(queries)
    const { matrix } = kernelMoments({ code, gram: group, outputs: 'logits', lengthScale: 2, power: 1 })
    const coded = encode(
      code,
      queries.map(values => Tensor.float32(values))
    )
    const all = [...coded.map(({ data }) => Float64Array.from(data, Number)), ...queries.map(q => Float64Array.from(q))]
    all.forEach((a, i) => {
      all.forEach((b, j) => {
        const distance = Math.hypot(...a.map((value, c) => value - b[c]))
        const expected = Math.exp(-distance / (2 * medianDistance(group)))
        assert.ok(Math.abs(matrix[i * 28 + j] - expected) < 1e-6, `entry ${i}, ${j} is ${matrix[i * 28 + j]}`)
      })
    })
  })

  it('let the covariance decoder do better than the spline on new groups, with nothing learned', () => {
    const { query, model, integer } = synthetic(2)
    const error = { kernel: 0, spline: 0 }
    for (let group = 0; group < 50; group++) {
      const queries = Array.from({ length: 8 }, query)
      const survivors = Array.from({ length: 20 }, (_, i) => i)
      while (survivors.length > 9) survivors.splice(integer(survivors.length), 1)
      const coded = encode(
        code,
        queries.map(values => Tensor.float32(values))
      )
      const results = survivors.map(i => Tensor.float32(model(Float32Array.from(coded[i].data, Number))))
      const moments = kernelMoments({ code, gram: gram(queries), outputs: 'logits' })
      const byKernel = covarianceDecoder({ code, moments }).select(survivors).apply(results)
      const bySpline = linearDecoder(code).select(survivors).apply(results)
      queries.forEach((values, q) => {
        error.kernel += squaredError(byKernel[q], model(values))
        error.spline += squaredError(bySpline[q], model(values))
      })
    }
    assert.ok(error.kernel < error.spline, `squared error ${error.kernel}, of the spline ${error.spline}`)
  })

  it('decode a group of equal queries to what every result says', () => {
    const same = Array.from({ length: 8 }, () => Float32Array.of(1, 2))
    const moments = kernelMoments({ code, gram: gram(same), outputs: 'values' })
    const operator = covarianceDecoder({ code, moments, epsilon: 1e-6 }).select([3, 7])
    for (const prediction of operator.apply([Tensor.float32([5]), Tensor.float32([5])])) {
      assert.ok(Math.abs(Number(prediction?.data[0]) - 5) < 1e-4, `${prediction?.data[0]}`)
    }
  })

  it('refuse a Gram matrix of another size and a kernel that is no covariance', () => {
    const group = gram(Array.from({ length: 8 }, (_, i) => Float32Array.of(i)))
    const options = { code, gram: group, outputs: 'logits' } as const
    assert.throws(() => kernelMoments({ ...options, gram: gram([Float32Array.of(1)]) }), GroupSizeError)
    for (const lengthScale of [0, -1, NaN, Infinity]) {
      assert.throws(() => kernelMoments({ ...options, lengthScale }), InvalidCodeError, `accepts ℓ = ${lengthScale}`)
    }
    for (const power of [0, 2.1, NaN]) {
      assert.throws(() => kernelMoments({ ...options, power }), InvalidCodeError, `accepts p = ${power}`)
    }
  })
})

function squaredError(prediction: Tensor | undefined, logits: Float32Array): number {
  assert.ok(prediction !== undefined)
  const given = softmax(Float32Array.from(prediction.data, Number))
  return softmax(logits).reduce((sum, value, c) => sum + (value - given[c]) ** 2, 0)
}
