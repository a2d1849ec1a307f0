import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { NamedTensors, TensorSpec } from '../../src/models/index.ts'
import { type FunctionModel, functionExecutor, measureBatchTimes, onnxExecutor } from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { fixture } from './fixture-models.ts'

type Row = (row: number[], all: number[][]) => number[]

const FREE: TensorSpec = { name: 'x', dtype: 'float32', shape: [null, 3] }

/** A model that gives for each row what `row` makes of it. */
function model(row: Row, input: TensorSpec = FREE): FunctionModel {
  const run = ({ x }: NamedTensors): NamedTensors => {
    const rows = Array.from({ length: x.shape[0] }, (_, i) => Array.from(x.row(i).data, Number))
    return {
      y: Tensor.float32(
        rows.flatMap(each => row(each, rows)),
        x.shape
      )
    }
  }
  return { name: 'model', signature: { inputs: [input], outputs: [{ ...FREE, name: 'y' }] }, run }
}

async function isMeasured(function_: FunctionModel): Promise<boolean> {
  const executor = functionExecutor({ models: [function_] })
  await executor.start()
  return (await measureBatchTimes(executor)).has(executor.models[0].id)
}

describe('measureBatchTimes', () => {
  it('measures doubling batches of a model that ONNX Runtime runs', async t => {
    const executor = onnxExecutor({ models: [{ name: 'affine', path: fixture('affine') }] })
    t.after(() => executor.stop())
    await executor.start()
    const times = (await measureBatchTimes(executor)).get(executor.models[0].id) ?? []
    const expected = [1, 2, 4, 8, 16, 32].slice(0, times.length)
    assert.ok(times.length > 1, 'nothing was measured')
    assert.deepEqual(
      times.map(({ rows }) => rows),
      expected
    )
    assert.ok(times.every(({ ms }) => ms > 0))
  })

  it('takes a model whose rows do not see each other', async () => {
    assert.ok(await isMeasured(model(row => row.map(value => 3 * value + 1))))
  })

  const unfit: Array<[string, FunctionModel]> = [
    ['looks at the rows after it', model((row, all) => row.map(value => value + all[all.length - 1][0]))],
    ['looks at the rows before it', model((row, all) => row.map(value => value + all[0][0]))],
    ['is scaled by the largest value of all', model((row, all) => row.map(value => value / Math.max(...all.flat())))],
    ['fails on what it is given', model(() => assert.fail('not these inputs'))],
    ['gives all rows as one', model((row, all) => (row === all[0] ? row : []))],
    ['has no free first axis', model(row => row, { ...FREE, shape: [1, 3] })],
    ['has a free axis beside the batch', model(row => row, { ...FREE, shape: [null, null] })]
  ]
  for (const [what, function_] of unfit) {
    it(`leaves out a model that ${what}`, async () => {
      assert.equal(await isMeasured(function_), false)
    })
  }

  it('stops before the sizes that would take long', async () => {
    let longest = 0
    const slow = model(row => row)
    const executor = functionExecutor({
      models: [
        {
          ...slow,
          run: async inputs => {
            longest = Math.max(longest, inputs.x.shape[0])
            await new Promise(resolve => setTimeout(resolve, 30 * inputs.x.shape[0]))
            return slow.run(inputs)
          }
        }
      ]
    })
    await executor.start()
    await measureBatchTimes(executor)
    assert.equal(longest, 2, 'two rows take over 50 ms: four are not tried')
  })
})
