import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type NamedTensors, readOnnx, writeOnnx } from '../../src/models/index.ts'
import { admission, type OnnxExecutor, onnxExecutor } from '../../src/runtime/index.ts'
import { withExits } from '../../src/students/index.ts'
import { Tensor } from '../../src/tensor/index.ts'

/** y = |x + 1| + |x + 1|; its exit says 3·(x + 1). */
const model = withExits(
  readOnnx(
    writeOnnx({
      inputs: [{ name: 'x', shape: ['batch', 1] }],
      outputs: [{ name: 'y', shape: ['batch', 1] }],
      weights: { one: { shape: [1], values: Float32Array.of(1) } },
      nodes: [
        { op: 'Add', inputs: ['x', 'one'], output: 'sum' },
        { op: 'Abs', inputs: ['sum'], output: 'size' },
        { op: 'Add', inputs: ['size', 'size'], output: 'y' }
      ]
    })
  ),
  [
    {
      exit: 'exit1',
      tensor: 'sum',
      features: 'sum',
      nodes: [],
      readout: { weights: Float32Array.of(3), biases: Float32Array.of(0) }
    }
  ]
)

let folder: string
let executor: OnnxExecutor

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'splinemesh-exits-'))
  const file = path.join(folder, 'exits.onnx')
  await writeFile(file, model)
  executor = onnxExecutor({ models: [{ name: 'exits', path: file }] })
  await executor.start()
})

after(async () => {
  await executor.stop()
  await rm(folder, { recursive: true })
})

function x(...values: number[]): NamedTensors {
  return { x: Tensor.float32(values, [values.length, 1]) }
}

describe('a model with an exit, in ONNX Runtime,', () => {
  const calls: string[] = []
  const run = async (outputs: string[]) => {
    calls.length = 0
    const request = { model: executor.models[0].id, inputs: x(-3, 1), outputs }
    const result = await executor.run({
      ...request,
      early: said => calls.push(...Object.entries(said).map(([name, { data }]) => `${name} ${data}`))
    })
    return result.outputs
  }

  it('is served as one, with the exit among its outputs', () => {
    assert.deepEqual(
      executor.models[0].signature.outputs.map(({ name }) => name),
      ['y', 'exit1']
    )
  })

  it('says at its exit what it sees, before the result, which has it too', async () => {
    const outputs = await run(['y', 'exit1'])
    assert.deepEqual(calls, ['exit1 -6,6'])
    assert.deepEqual([...outputs.y.data, ...outputs.exit1.data], [4, 4, -6, 6])
  })

  it('says nothing early to who does not ask for it', async () => {
    const outputs = await run(['y'])
    assert.deepEqual(calls, [])
    assert.deepEqual([...outputs.y.data], [4, 4])
  })

  it('is asked for its exit alone', async () => {
    assert.deepEqual([...(await run(['exit1'])).exit1.data], [-6, 6])
  })

  it('tells each of several tasks in a run its own row', async () => {
    const { id } = executor.models[0]
    const times = [1, 2].map(rows => ({ rows, ms: 10 }))
    const queue = admission({ executor, batchTimes: new Map([[id, times]]) })
    const inputs = [{ name: 'x', dtype: 'float32', shape: [1, 1] }] as const
    const header = { model: id, inputs, outputs: ['y', 'exit1'], deadline: Infinity }
    const said: string[] = []
    const tasks = [5, 6, 7].map(value =>
      queue.admit(header).run(x(value), ({ exit1 }) => said.push(`${value}: ${exit1.data}`))
    )
    await Promise.all(tasks)
    assert.deepEqual(said, ['5: 18', '6: 21', '7: 24'])
  })

  it('tells a task nothing more once it was cancelled', async () => {
    const { id } = executor.models[0]
    const queue = admission({ executor })
    const inputs = [{ name: 'x', dtype: 'float32', shape: [1, 1] }] as const
    const ticket = queue.admit({ model: id, inputs, outputs: ['y', 'exit1'], deadline: Infinity })
    const running = ticket.run(x(1), () => assert.fail('nobody waits for it'))
    ticket.cancel()
    await assert.rejects(running, { name: 'CancelledError' })
  })
})
