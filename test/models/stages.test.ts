import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cutsOf, readOnnx, rewriteOnnx, stagesOf, writeOnnx } from '../../src/models/index.ts'
import { withExits } from '../../src/students/index.ts'

const one = { shape: [1], values: Float32Array.of(1) }

/** y = |x + 1| · |x + 1|, of which `sum` and `size` each have all that is known of x. */
const chain = writeOnnx({
  inputs: [{ name: 'x', shape: ['batch', 1] }],
  outputs: [{ name: 'y', shape: ['batch', 1] }],
  weights: { one },
  nodes: [
    { op: 'Add', inputs: ['x', 'one'], output: 'sum' },
    { op: 'Abs', inputs: ['sum'], output: 'size' },
    { op: 'Mul', inputs: ['size', 'size'], output: 'y' }
  ]
})

/** y = x + |x + 1|: x goes past what becomes of it. */
const skipping = writeOnnx({
  inputs: [{ name: 'x', shape: ['batch', 1] }],
  outputs: [{ name: 'y', shape: ['batch', 1] }],
  weights: { one },
  nodes: [
    { op: 'Add', inputs: ['x', 'one'], output: 'sum' },
    { op: 'Abs', inputs: ['sum'], output: 'size' },
    { op: 'Add', inputs: ['x', 'size'], output: 'y' }
  ]
})

function exits(file: Uint8Array, ...tensors: string[]): Uint8Array {
  const readout = { weights: Float32Array.of(2), biases: Float32Array.of(0) }
  return withExits(
    readOnnx(file),
    tensors.map((tensor, i) => ({ exit: `exit${i + 1}`, tensor, features: tensor, nodes: [], readout }))
  )
}

function cutTensors(file: Uint8Array): string[] {
  const { graph } = readOnnx(file)
  return graph === undefined ? [] : cutsOf(graph).map(({ tensor }) => tensor)
}

describe('a model can be cut', () => {
  it('where one tensor alone passes', () => {
    assert.deepEqual(cutTensors(chain), ['sum', 'size', 'y'])
    assert.deepEqual(cutTensors(skipping), ['y'])
  })
})

describe('a model with exits', () => {
  it('falls into stages: each gives its exit and what the next one takes', () => {
    const stages = stagesOf(exits(chain, 'sum', 'size'))
    assert.deepEqual(
      stages?.map(({ takes, gives }) => ({ takes, gives })),
      [
        { takes: ['x'], gives: ['sum', 'exit1'] },
        { takes: ['sum'], gives: ['size', 'exit2'] },
        { takes: ['size'], gives: ['y'] }
      ]
    )
  })

  it('has the weights of a stage in that stage alone', () => {
    const weights = stagesOf(exits(chain, 'size'))?.map(({ file }) =>
      readOnnx(file).graph?.initializer.map(({ name }) => name)
    )
    assert.deepEqual(weights, [['one', 'exit1Weights', 'exit1Biases'], []])
  })

  it('is run whole where nothing says what type a tensor is that would pass', () => {
    const untold = rewriteOnnx(readOnnx(exits(chain, 'size')), {})
    assert.equal(stagesOf(untold), undefined)
  })

  it('is run whole where an exit needs all there is', () => {
    assert.equal(stagesOf(exits(chain, 'y')), undefined)
  })

  it('is run whole without exits', () => {
    assert.equal(stagesOf(chain), undefined)
  })
})
