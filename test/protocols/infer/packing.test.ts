import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Stream } from '@libp2p/interface'
import { decodeRequest, encodeRequest, encodeResult } from '../../../protocols/infer/messages.ts'
import { contentId, type Model, type TensorHeader } from '../../../src/models/index.ts'
import { type Packing, Tensor } from '../../../src/tensor/index.ts'
import { connect, frame, hello, Peers, readFrames, row, signature, submit, taskFor } from './peers.ts'

const model: Model = { id: contentId(Uint8Array.of(0)), name: 'echo', signature }

/** A worker that takes tensors in these forms, keeps the requests, and answers each with `output`. */
function answering(takes: readonly Packing[], output: TensorHeader, body: Uint8Array) {
  const requests: Array<{ inputs: readonly TensorHeader[]; bytes: number }> = []
  const handle = (stream: Stream): void => {
    readFrames(stream, (head, bytes) => {
      if (head.type === 'request') {
        requests.push({ inputs: decodeRequest(head.header).inputs, bytes: bytes.length })
        stream.send(frame('result', head.id, encodeResult({ queueMicros: 1, runMicros: 1, outputs: [output] }), body))
      }
    })
    stream.send(hello([model], undefined, undefined, takes))
  }
  return { requests, handle }
}

describe('a master that packs', () => {
  it('sends half of the bytes, or a quarter, and gets an echo that is as near as the form allows', async () => {
    await using peers = new Peers()
    const worker = await peers.worker()
    const x = row(1000)
    const largest = Number(x.data.at(-1))
    for (const [packing, error] of [
      ['float16', largest * 2 ** -11],
      ['int8', largest / 254 + largest * 2 ** -11]
    ] as const) {
      const remote = await connect(await peers.master({ packing }), worker)
      const { outputs } = await submit(remote.channel, taskFor(remote, x, { outputs: ['y', 'size'] })).result
      assert.equal(outputs.y.dtype, 'float32')
      const apart = Math.max(...x.data.map((value, i) => Math.abs(value - Number(outputs.y.data[i]))))
      assert.ok(apart > 0 && apart <= error, `${packing}: ${apart} apart, at most ${error} is to be expected`)
      assert.deepEqual(outputs.size.data, Int32Array.of(1000), 'whole numbers go as they are')
    }
  })

  it('sends what does not fit the form, and what it would not make shorter, as it is', async () => {
    await using peers = new Peers()
    const { requests, handle } = answering(
      ['float16', 'int8'],
      { name: 'y', dtype: 'float32', shape: [1, 1] },
      new Uint8Array(4)
    )
    const worker = await peers.impostor(handle)
    const ask = async (packing: Packing, ...values: number[]) => {
      const remote = await connect(await peers.master({ packing }), worker)
      await submit(remote.channel, taskFor(remote, Tensor.float32(values, [1, values.length]))).result
      const { inputs, bytes } = requests[requests.length - 1]
      return [inputs[0].packing, bytes]
    }
    assert.deepEqual(await ask('float16', 1, 2, 3), ['float16', 6])
    assert.deepEqual(await ask('float16', 1, 70_000, 3), [undefined, 12])
    assert.deepEqual(await ask('int8', 1, 2, 3), ['int8', 7])
    assert.deepEqual(await ask('int8', 1, Number.NaN, 3), [undefined, 12])
    assert.deepEqual(await ask('int8', 1), [undefined, 4], 'with its factor it would take 5')
  })

  it('sends tensors as they are to a worker that does not take the form', async () => {
    await using peers = new Peers()
    const { requests, handle } = answering(
      ['float16'],
      { name: 'y', dtype: 'float32', shape: [1, 1] },
      new Uint8Array(4)
    )
    const remote = await connect(await peers.master({ packing: 'int8' }), await peers.impostor(handle))
    await submit(remote.channel, taskFor(remote, row(3))).result
    assert.deepEqual(requests, [{ inputs: [{ name: 'x', dtype: 'float32', shape: [1, 3] }], bytes: 12 }])
  })

  it('takes no result in a form that was not agreed', async () => {
    await using peers = new Peers()
    for (const [mine, theirs] of [
      [undefined, 'float16'],
      ['float16', 'int8'],
      ['int8', 'int8']
    ] as const) {
      const y: TensorHeader = { name: 'y', dtype: 'float32', shape: [1, 4], packing: theirs }
      const { handle } = answering([], y, new Uint8Array(8))
      const remote = await connect(await peers.master({ packing: mine }), await peers.impostor(handle))
      await assert.rejects(submit(remote.channel, taskFor(remote, row(4))).result, {
        name: 'InvalidResultError',
        message: new RegExp(`sent 'y' as ${theirs}, which was not agreed`)
      })
    }
  })

  it('takes no result that is too large once it is unpacked', async () => {
    await using peers = new Peers()
    const y: TensorHeader = { name: 'y', dtype: 'float32', shape: [1, 100], packing: 'float16' }
    const { handle } = answering([], y, new Uint8Array(200))
    const master = await peers.master({ packing: 'float16', maxBodyBytes: 300 })
    const remote = await connect(master, await peers.impostor(handle))
    await assert.rejects(submit(remote.channel, taskFor(remote, row(4))).result, {
      name: 'InvalidResultError',
      message: /unpacked it takes 400 bytes, at most 300/
    })
  })
})

describe('a worker', () => {
  it('takes no request that is too large once it is unpacked', async () => {
    await using peers = new Peers()
    const worker = await peers.worker({ maxBodyBytes: 300 })
    const stream = await peers.intruder(worker)
    const answer = Promise.withResolvers<string>()
    readFrames(stream, ({ type }) => type !== 'hello' && answer.resolve(type))
    const [{ id }] = (await peers.admission()).models
    const inputs: TensorHeader[] = [{ name: 'x', dtype: 'float32', shape: [1, 100], packing: 'int8' }]
    const header = encodeRequest({ model: id, remaining: 10_000, outputs: ['y'], inputs })
    stream.send(Buffer.concat([hello(), frame('request', 1, header, new Uint8Array(104))]))
    assert.equal(await answer.promise, 'failed')
  })
})
