import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkInputs, checkOutputs, checkWanted, headersOf, type ModelSignature } from '../../src/models/index.ts'
import { Tensor } from '../../src/tensor/index.ts'

const signature: ModelSignature = {
  inputs: [
    { name: 'image', dtype: 'uint8', shape: [null, 3, 8] },
    { name: 'scale', dtype: 'float32', shape: [] }
  ],
  outputs: [
    { name: 'logits', dtype: 'float32', shape: [null, 10] },
    { name: 'label', dtype: 'int64', shape: [null] }
  ]
}
const image = { name: 'image', dtype: 'uint8', shape: [2, 3, 8] } as const
const scale = { name: 'scale', dtype: 'float32', shape: [] } as const
const logits = { name: 'logits', dtype: 'float32', shape: [2, 10] } as const
const label = { name: 'label', dtype: 'int64', shape: [2] } as const

describe('checkInputs', () => {
  it('takes every input in any order, of any length where the signature says so', () => {
    checkInputs(signature, [scale, image])
    checkInputs(signature, [{ ...image, shape: [1, 3, 8] }, scale])
  })

  it('says which input is missing, unknown, or given twice', () => {
    const code = 'ERR_SIGNATURE_MISMATCH'
    assert.throws(() => checkInputs(signature, [image]), { code, message: /'scale' is missing/ })
    assert.throws(() => checkInputs(signature, [image, scale, logits]), {
      code,
      message: /no input 'logits'.*'image', 'scale'/
    })
    assert.throws(() => checkInputs(signature, [image, scale, scale]), { code, message: /'scale' is given twice/ })
  })

  it('says what dtype and shape were expected and what came', () => {
    assert.throws(() => checkInputs(signature, [{ ...image, dtype: 'int8' }, scale]), {
      code: 'ERR_DTYPE_MISMATCH',
      message: /'image' is uint8, got int8/
    })
    for (const shape of [[2, 3, 9], [2, 3], [2, 3, 8, 1], []]) {
      assert.throws(() => checkInputs(signature, [{ ...image, shape }, scale]), {
        code: 'ERR_SHAPE_MISMATCH',
        message: `the input 'image' has shape [any,3,8], got [${shape}]`
      })
    }
  })
})

describe('checkWanted', () => {
  it('takes any outputs of the signature, and says what is wrong with others', () => {
    checkWanted(signature, ['label'])
    checkWanted(signature, ['label', 'logits'])
    assert.throws(() => checkWanted(signature, []), { code: 'ERR_SIGNATURE_MISMATCH', message: /at least one/ })
    assert.throws(() => checkWanted(signature, ['toString']), { message: /no output 'toString'.*'logits', 'label'/ })
    assert.throws(() => checkWanted(signature, ['label', 'label']), { message: /twice/ })
  })
})

describe('checkOutputs', () => {
  it('takes exactly the outputs that were asked for', () => {
    checkOutputs(signature, ['label', 'logits'], [logits, label])
    checkOutputs(signature, ['logits'], [logits])
    assert.throws(() => checkOutputs(signature, ['logits'], [logits, label]), { message: /no output 'label'/ })
    assert.throws(() => checkOutputs(signature, ['logits', 'label'], [logits]), { message: /'label' was asked for/ })
    assert.throws(() => checkOutputs(signature, ['logits'], [logits, logits]), { message: /twice/ })
  })

  it('says what dtype and shape were expected and what came', () => {
    assert.throws(() => checkOutputs(signature, ['label'], [{ ...label, dtype: 'int32' }]), {
      code: 'ERR_DTYPE_MISMATCH'
    })
    assert.throws(() => checkOutputs(signature, ['label'], [{ ...label, shape: [2, 1] }]), {
      code: 'ERR_SHAPE_MISMATCH'
    })
  })
})

describe('an output whose shape the model does not declare', () => {
  it('may have any shape', () => {
    const undeclared = { inputs: [], outputs: [{ name: 'y', dtype: 'float32', shape: [] }] } as const
    for (const shape of [[], [3], [1, 2, 3]]) {
      checkOutputs(undeclared, ['y'], [{ name: 'y', dtype: 'float32', shape }])
    }
  })
})

describe('headersOf', () => {
  it('gives name, dtype and shape without the data', () => {
    const x = Tensor.float32([1, 2, 3, 4], [2, 2])
    assert.deepEqual(headersOf({ x }), [{ name: 'x', dtype: 'float32', shape: [2, 2] }])
  })
})
