import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { functionExecutor } from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { executorCompliance } from './executor-compliance.ts'
import { affineFunction, counting, twoInputsFunction } from './fixture-models.ts'

executorCompliance('functions', () => functionExecutor({ models: [affineFunction, twoInputsFunction], slots: 2 }))

describe('the function executor', () => {
  it('gives equal declarations one id and different ones another', () => {
    const idOf = (name: string, { inputs, outputs } = affineFunction.signature) =>
      functionExecutor({ models: [{ ...affineFunction, name, signature: { inputs, outputs } }] }).models[0].id
    assert.equal(idOf('a'), idOf('a'))
    assert.notEqual(idOf('a'), idOf('b'))
    assert.notEqual(idOf('a'), idOf('a', twoInputsFunction.signature))
  })

  it('keeps an id that it is given', () => {
    const id = 'ab'.repeat(32)
    assert.equal(functionExecutor({ models: [{ ...affineFunction, id }] }).models[0].id, id)
  })

  it('refuses two models of one name or id, an id that is no sha-256, and no slots', () => {
    const id = 'ab'.repeat(32)
    const duplicate = { name: 'DuplicateModelError', code: 'ERR_DUPLICATE_MODEL' }
    assert.throws(
      () => functionExecutor({ models: [affineFunction, { ...twoInputsFunction, name: 'affine' }] }),
      duplicate
    )
    assert.throws(
      () =>
        functionExecutor({
          models: [
            { ...affineFunction, id },
            { ...twoInputsFunction, id }
          ]
        }),
      duplicate
    )
    assert.throws(() => functionExecutor({ models: [{ ...affineFunction, id: 'x' }] }), { name: 'ModelLoadError' })
    assert.throws(() => functionExecutor({ models: [affineFunction], slots: 0 }), { name: 'RuntimeOptionError' })
  })

  const failures: Array<[string, typeof affineFunction.run, RegExp]> = [
    [
      'throws',
      () => {
        throw new Error('out of paper')
      },
      /'affine' failed: out of paper/
    ],
    ['rejects', () => Promise.reject(new Error('out of ink')), /out of ink/],
    ['forgets an output', () => ({}), /'double' was asked for/],
    ['gives another shape', () => ({ double: Tensor.float32([1]) }), /\[any,4\], got \[1\]/]
  ]
  for (const [what, run, message] of failures) {
    it(`fails the run with the reason when a function ${what}`, async () => {
      const executor = functionExecutor({ models: [{ ...affineFunction, run }] })
      await executor.start()
      const [model] = executor.models
      await assert.rejects(executor.run({ model: model.id, inputs: { x: counting(1) }, outputs: ['double'] }), {
        name: 'RunFailedError',
        code: 'ERR_RUN_FAILED',
        message
      })
      await executor.stop()
    })
  }
})
