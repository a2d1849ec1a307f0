import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  cachedDecoder,
  codes,
  covarianceDecoder,
  gram,
  kernelMoments,
  type LinearCode,
  type LinearDecoder,
  linearDecoder,
  secondMoments
} from '../../src/codes/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { subsets } from './matrices.ts'
import { outputsOf, synthetic } from './synthetic.ts'

const K = 4
const decoders: Record<string, (code: LinearCode) => LinearDecoder> = {
  linear: code => linearDecoder(code),
  'covariance, learned': code => {
    const source = synthetic(1)
    const groups = Array.from({ length: 30 }, () => outputsOf(source, code))
    return covarianceDecoder({ code, moments: secondMoments(groups, { n: code.n, k: K, outputs: 'logits' }) })
  },
  'covariance, from inputs': code => {
    const queries = Array.from({ length: K }, synthetic(2).query)
    return covarianceDecoder({ code, moments: kernelMoments({ code, gram: gram(queries), outputs: 'logits' }) })
  }
}
const cached = { ...decoders, 'linear, cached': (code: LinearCode) => cachedDecoder(linearDecoder(code), 3) }

for (const [name, make] of Object.entries(cached)) {
  describe(`the ${name} decoder`, () => {
    for (const family of Object.values(codes)) {
      for (const layout of family.layouts) {
        const code = family.create({ k: K, n: Math.min(9, family.maximumN?.(K) ?? Infinity), layout })
        const decoder = make(code)
        const outputs = outputsOf(synthetic(3), code).map(values => Tensor.float32(values))

        it(`gives finite predictions of ${family.name} (${layout}) from every survivor set, and says which it cannot give`, () => {
          for (const survivors of subsets(code.n)) {
            const operator = decoder.select(survivors)
            assert.deepEqual(operator.survivors, survivors)
            operator.apply(survivors.map(i => outputs[i])).forEach((prediction, q) => {
              assert.equal(prediction !== undefined, operator.recoverable[q])
              const finite = [...(prediction?.data ?? [])].every(value => Number.isFinite(Number(value)))
              assert.ok(finite, `query ${q} from survivors ${survivors}: ${prediction?.data}`)
            })
          }
        })

        if (!code.systematic) continue
        it(`hands on every result of ${family.name} (${layout}) that arrives for the query itself`, () => {
          for (const survivors of subsets(code.n)) {
            const operator = decoder.select(survivors)
            const predictions = operator.apply(survivors.map(i => outputs[i]))
            for (const q of survivors.filter(i => i < K)) {
              assert.equal(predictions[q], outputs[q], `query ${q} from survivors ${survivors}`)
              assert.ok(operator.exact[q] && !operator.guarded[q], `query ${q} from survivors ${survivors}`)
            }
          }
        })
      }
    }
  })
}
