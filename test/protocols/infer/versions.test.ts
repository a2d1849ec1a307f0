import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Stream } from '@libp2p/interface'
import { INFER_PROTOCOL } from '../../../protocols/infer/index.ts'
import { encodeFailure, encodeHello, encodeRequest, encodeResult } from '../../../protocols/infer/messages.ts'
import { contentId, type Model } from '../../../src/models/index.ts'
import { connect, frame, Peers, readFrames, row, signature, submit, taskFor } from './peers.ts'

const NEXT_MINOR = '/splinemesh/infer/1.1.0'
const model: Model = { id: contentId(Uint8Array.of(0)), name: 'echo', signature }

/** Fields that 1.0.0 does not know, after those that it does. */
const LATER = Uint8Array.of(1, 2, 3, 4, 5, 6, 7)

function withLater(header: Uint8Array): Uint8Array {
  return Buffer.concat([header, LATER])
}

function laterHello(models: readonly Model[]): Uint8Array {
  const { header, body } = encodeHello({ requests: 8, bytes: 2 ** 20, maxBodyBytes: 2 ** 20, packings: [], models })
  return frame('hello', 0, withLater(header), body)
}

describe('1.0.0 and a later minor version', () => {
  it('agree on 1.0.0 where the later one is the master, and its fields are passed over', async () => {
    await using peers = new Peers()
    const worker = await peers.worker()
    const stream = await peers.intruder(worker, [NEXT_MINOR, INFER_PROTOCOL])
    assert.equal(stream.protocol, INFER_PROTOCOL)

    const { id } = (await peers.admission()).models[0]
    const inputs = [{ name: 'x', dtype: 'float32', shape: [1, 8] }] as const
    const header = withLater(encodeRequest({ model: id, remaining: 10_000, outputs: ['y'], inputs }))
    const result = Promise.withResolvers<number>()
    readFrames(stream, (head, body) => head.type === 'result' && result.resolve(body.length))
    stream.send(Buffer.concat([laterHello([]), frame('request', 1, header, new Uint8Array(32))]))
    assert.equal(await result.promise, 32)
  })

  it('agree on 1.0.0 where the later one is the worker, and its fields and failures are passed over', async () => {
    await using peers = new Peers()
    const spoken: Array<string | undefined> = []
    const answer = (stream: Stream): void => {
      spoken.push(stream.protocol)
      readFrames(stream, ({ type, id }) => {
        if (type !== 'request') {
          return
        }
        const outputs = [{ name: 'y', dtype: 'float32', shape: [1, 2] }] as const
        const result = encodeResult({ queueMicros: 1, runMicros: 2, outputs })
        const failure = encodeFailure({ code: undefined, message: 'of 1.1.0' })
        stream.send(
          id === 1 ? frame('result', id, withLater(result), new Uint8Array(8)) : frame('failed', id, withLater(failure))
        )
      })
      stream.send(laterHello([model]))
    }
    const remote = await connect(await peers.master(), await peers.impostor(answer, [NEXT_MINOR, INFER_PROTOCOL]))
    const { outputs } = await submit(remote.channel, taskFor(remote, row(2))).result
    assert.deepEqual(outputs.y.shape, [1, 2])
    await assert.rejects(submit(remote.channel, taskFor(remote, row(2))).result, {
      name: 'RemoteRunError',
      message: /of 1\.1\.0/
    })
    assert.deepEqual(spoken, [INFER_PROTOCOL])
  })

  it('find nothing to speak where the later one has given 1.0.0 up, and say so by name', async () => {
    await using peers = new Peers()
    const worker = await peers.impostor(() => {}, [NEXT_MINOR])
    await assert.rejects(connect(await peers.master(), worker), { name: 'DialError', code: 'ERR_DIAL' })
  })
})
