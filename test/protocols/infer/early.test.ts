import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FrameHead } from '../../../protocols/infer/frames.ts'
import type { InferInit } from '../../../protocols/infer/index.ts'
import { encodeEarly, encodeRequest, encodeResult } from '../../../protocols/infer/messages.ts'
import type { Task, WorkerChannel } from '../../../src/inference/index.ts'
import { contentId, type Model, type ModelSignature, type TensorHeader } from '../../../src/models/index.ts'
import { admission, functionExecutor } from '../../../src/runtime/index.ts'
import { Tensor } from '../../../src/tensor/index.ts'
import { connect, frame, gate, hello, Peers, readFrames, row, taskFor } from './peers.ts'

/** y = x at the end, and −x before. */
const signature: ModelSignature = {
  inputs: [{ name: 'x', dtype: 'float32', shape: [null, 2] }],
  outputs: [
    { name: 'y', dtype: 'float32', shape: [null, 2] },
    { name: 'exit', dtype: 'float32', shape: [null, 2] }
  ]
}
const model: Model = { id: contentId(Uint8Array.of(0)), name: 'exits', signature }
const wanted = { outputs: ['y', 'exit'] }
const x = row(2, 1)

function negative({ data, shape }: Tensor): Tensor {
  return Tensor.float32(
    Float32Array.from(data, Number).map(value => -value),
    shape
  )
}

/** A worker whose model speaks at its exit, and then waits for the gate. */
async function worker(peers: Peers, held = gate(), init: InferInit = {}) {
  const executor = functionExecutor({
    models: [
      {
        ...model,
        async run({ x }, early) {
          const exit = negative(x)
          early?.({ exit })
          return { y: await held.run(x), exit }
        }
      }
    ]
  })
  await executor.start()
  return peers.master({ ...init, admission: admission({ executor }) })
}

/** What is called back for a task, in order. */
function watch(channel: WorkerChannel, task: Task) {
  const calls: string[] = []
  const [early, ended] = [Promise.withResolvers<Record<string, Tensor>>(), Promise.withResolvers<void>()]
  const { cancel } = channel.submit(task, {
    accepted: () => calls.push('accepted'),
    early(outputs) {
      calls.push(`early ${Object.keys(outputs)}`)
      early.resolve({ ...outputs })
    },
    result({ outputs }) {
      calls.push(`result ${Object.keys(outputs)}`)
      ended.resolve()
    },
    failed(error) {
      calls.push(`failed ${error.name}`)
      ended.resolve()
    }
  })
  return { calls, early: early.promise, ended: ended.promise, cancel }
}

/** A worker that says what the test says of each request. */
async function impostor(peers: Peers, ...frames: Uint8Array[]) {
  const node = await peers.impostor(stream => {
    readFrames(stream, ({ type }: FrameHead) => {
      if (type === 'request') {
        frames.forEach(bytes => void stream.send(bytes))
      }
    })
    stream.send(hello([model]))
  })
  return connect(await peers.master({ maxBodyBytes: 4096 }), node)
}

function specs(...names: string[]): TensorHeader[] {
  return names.map(name => ({ name, dtype: 'float32', shape: [1, 2] }))
}

const early = (...names: string[]): Uint8Array =>
  frame('early', 1, encodeEarly(specs(...names)), new Uint8Array(8 * names.length))
const result = frame(
  'result',
  1,
  encodeResult({ queueMicros: 0, runMicros: 0, outputs: specs('y', 'exit') }),
  new Uint8Array(16)
)

describe('what an exit says', () => {
  it('comes while the model still runs, and the result has it as well', async () => {
    await using peers = new Peers()
    const held = gate()
    const remote = await connect(await peers.master(), await worker(peers, held))
    const { calls, early, ended } = watch(remote.channel, taskFor(remote, x, wanted))
    assert.deepEqual((await early).exit.data, negative(x).data)
    held.open()
    await ended
    assert.deepEqual(calls, ['early exit', 'result y,exit'], 'who has spoken need not say that it accepted')
  })

  it('is float16 where that is agreed', async () => {
    await using peers = new Peers()
    const held = gate()
    const remote = await connect(await peers.master({ packing: 'float16' }), await worker(peers, held))
    const { early, ended } = watch(remote.channel, taskFor(remote, Tensor.float32([1, 1 / 3], [1, 2]), wanted))
    assert.deepEqual((await early).exit.data, Float32Array.of(-1, -0.333251953125))
    held.open()
    await ended
  })

  it('goes to nobody who does not want that output', async () => {
    await using peers = new Peers()
    const held = gate()
    held.open()
    const remote = await connect(await peers.master(), await worker(peers, held))
    const { calls, ended } = watch(remote.channel, taskFor(remote, x))
    await ended
    assert.deepEqual(calls, ['result y'])
  })

  it('goes to no master that has not said that it takes it', async () => {
    await using peers = new Peers()
    const held = gate()
    held.open()
    const serving = await worker(peers, held)
    const stream = await peers.intruder(serving)
    const types: string[] = []
    const ended = Promise.withResolvers<void>()
    readFrames(stream, head => {
      types.push(head.type)
      if (head.type === 'result') {
        ended.resolve()
      }
    })
    const request = encodeRequest({ model: model.id, remaining: 5000, ...wanted, inputs: specs('x') })
    stream.send(hello())
    stream.send(frame('request', 1, request, x.bytes))
    await ended.promise
    assert.deepEqual(types, ['hello', 'result'])
  })

  it('is not waited for by who cancelled the task', async () => {
    await using peers = new Peers()
    const held = gate()
    const serving = await worker(peers, held)
    const remote = await connect(await peers.master(), serving)
    const first = watch(remote.channel, taskFor(remote, x, wanted))
    await first.early
    const second = watch(remote.channel, taskFor(remote, x, wanted))
    second.cancel()
    held.open()
    await first.ended
    const third = watch(remote.channel, taskFor(remote, x, wanted))
    await third.ended
    assert.deepEqual(second.calls, [])
  })
})

describe('a worker whose exit', () => {
  it('says the same twice breaks the protocol', async () => {
    await using peers = new Peers()
    const remote = await impostor(peers, early('exit'), early('exit'))
    const { calls, ended } = watch(remote.channel, taskFor(remote, x, wanted))
    await ended
    assert.deepEqual(calls, ['early exit', 'failed WireError'])
  })

  it('says nothing, or what nobody wants, breaks the protocol', async () => {
    await using peers = new Peers()
    for (const said of [early(), early('size')]) {
      const remote = await impostor(peers, said)
      const { calls, ended } = watch(remote.channel, taskFor(remote, x, wanted))
      await ended
      assert.deepEqual(calls, ['failed WireError'])
    }
  })

  it('speaks after the result breaks the protocol', async () => {
    await using peers = new Peers()
    const remote = await impostor(peers, result, early('exit'))
    watch(remote.channel, taskFor(remote, x, wanted))
    assert.equal((await remote.closed).name, 'WireError')
  })

  it('says what the model cannot say fails that task alone', async () => {
    await using peers = new Peers()
    const header = encodeEarly([{ name: 'exit', dtype: 'int32', shape: [1, 2] }])
    const remote = await impostor(peers, frame('early', 1, header, new Uint8Array(8)), result)
    const { calls, ended } = watch(remote.channel, taskFor(remote, x, wanted))
    await ended
    assert.deepEqual(calls, ['failed InvalidResultError'])
    await remote.close()
  })
})
