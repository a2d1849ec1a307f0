import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { encodeFrame, type FrameHead } from '../../../protocols/infer/frames.ts'
import type { RemoteWorker, Timeouts } from '../../../protocols/infer/index.ts'
import { encodeFailure, encodeResult } from '../../../protocols/infer/messages.ts'
import { contentId, type Model, type TensorHeader } from '../../../src/models/index.ts'
import { closed, connect, frame, gate, hello, Peers, readFrames, row, signature, submit, taskFor } from './peers.ts'

const model: Model = { id: contentId(Uint8Array.of(0)), name: 'echo', signature }

/** A worker that says HELLO and then answers each request as the test says. */
function answering(onRequest: (stream: Stream, head: FrameHead) => void): (stream: Stream) => void {
  return stream => {
    readFrames(stream, head => {
      if (head.type === 'request') {
        onRequest(stream, head)
      }
    })
    stream.send(hello([model]))
  }
}

function resultOf(id: number, headers: TensorHeader[], bytes: number): Uint8Array {
  return frame('result', id, encodeResult({ queueMicros: 0, runMicros: 0, outputs: headers }), new Uint8Array(bytes))
}

const good = (id: number): Uint8Array => resultOf(id, [{ name: 'y', dtype: 'float32', shape: [1, 2] }], 8)

async function meet(
  peers: Peers,
  handle: (stream: Stream) => void,
  timeouts?: Partial<Timeouts>
): Promise<RemoteWorker> {
  return connect(await peers.master({ timeouts, maxBodyBytes: 4096 }), await peers.impostor(handle))
}

describe('connecting to a worker that', () => {
  it('is not there fails by name', async () => {
    await using peers = new Peers()
    const master = await peers.master()
    const gone = multiaddr('/ip4/127.0.0.1/tcp/1')
    await assert.rejects(master.services.infer.connect(gone), { name: 'DialError', code: 'ERR_DIAL' })
  })

  it('serves no models fails by name', async () => {
    await using peers = new Peers()
    await assert.rejects(connect(await peers.master(), await peers.master()), { name: 'DialError', code: 'ERR_DIAL' })
  })

  it('takes the stream and says nothing fails by name, and leaves no stream', async () => {
    await using peers = new Peers()
    const ended = Promise.withResolvers<Error | undefined>()
    const silent = meet(peers, stream => ended.resolve(closed(stream)), { hello: 20 })
    await assert.rejects(silent, { name: 'HelloTimeoutError', code: 'ERR_HELLO_TIMEOUT' })
    assert.equal((await ended.promise)?.name, 'StreamResetError')
  })

  it('hangs up fails by name', async () => {
    await using peers = new Peers()
    await assert.rejects(
      meet(peers, stream => stream.abort(new Error('no'))),
      { name: 'HelloError', code: 'ERR_HELLO' }
    )
    await assert.rejects(
      meet(peers, stream => void stream.close()),
      { name: 'HelloError', code: 'ERR_HELLO' }
    )
  })

  it('sends garbage fails by name', async () => {
    await using peers = new Peers()
    await assert.rejects(
      meet(peers, stream => void stream.send(new Uint8Array(1000).fill(0xee))),
      { name: 'WireError', code: 'ERR_WIRE' }
    )
  })

  it('sends a list of models that ends too soon fails by name', async () => {
    await using peers = new Peers()
    const cut = hello([model]).subarray(0, -1)
    cut[8] -= 1
    await assert.rejects(
      meet(peers, stream => void stream.send(cut)),
      { name: 'WireError', code: 'ERR_WIRE' }
    )
  })

  it('is slow can be aborted, and a later caller waits for the same stream', async () => {
    await using peers = new Peers()
    const opened = Promise.withResolvers<Stream>()
    const [master, worker] = [await peers.master(), await peers.impostor(opened.resolve)]
    const reason = new Error('changed my mind')
    const abort = new AbortController()
    const first = master.services.infer.connect(worker.getMultiaddrs(), { signal: abort.signal })
    const stream = await opened.promise
    abort.abort(reason)
    await assert.rejects(first, reason)

    const second = connect(master, worker)
    stream.send(hello([model]))
    assert.deepEqual((await second).models, [model])
  })
})

describe('a request to a worker that', () => {
  it('never answers fails when the first byte is due, and the stream with it', async () => {
    await using peers = new Peers()
    const remote = await meet(
      peers,
      answering(() => {}),
      { firstByte: 20 }
    )
    const { result } = submit(remote.channel, taskFor(remote, row(2)))
    await assert.rejects(result, { name: 'FirstByteTimeoutError', code: 'ERR_FIRST_BYTE' })
    assert.equal((await remote.closed).name, 'FirstByteTimeoutError')
  })

  it('never answers fails soon after its deadline', async () => {
    await using peers = new Peers()
    const remote = await meet(
      peers,
      answering(() => {})
    )
    const { result } = submit(remote.channel, taskFor(remote, row(2), { deadline: performance.now() + 10 }))
    await assert.rejects(result, { name: 'FirstByteTimeoutError', code: 'ERR_FIRST_BYTE' })
  })

  it('accepts and gives no result fails soon after its deadline, and is cancelled there', async () => {
    await using peers = new Peers()
    const cancelled = Promise.withResolvers<number>()
    const remote = await meet(peers, stream => {
      readFrames(stream, ({ type, id }) => {
        if (type === 'request') {
          stream.send(frame('accepted', id))
        } else if (type === 'cancel') {
          cancelled.resolve(id)
        }
      })
      stream.send(hello([model]))
    })
    const { result, calls } = submit(remote.channel, taskFor(remote, row(2), { deadline: performance.now() + 10 }))
    await assert.rejects(result, { name: 'ResultTimeoutError', code: 'ERR_RESULT_TIMEOUT' })
    assert.equal(await cancelled.promise, 1)
    assert.deepEqual(calls, ['accepted', 'failed ResultTimeoutError'])
  })

  it('stops reading fails when nothing was taken for the time of a send, and the stream with it', async () => {
    await using peers = new Peers()
    const handle = (stream: Stream): void => {
      stream.send(hello([model]))
      stream.pause()
    }
    const remote = await meet(peers, handle, { send: 50 })
    const { result } = submit(remote.channel, taskFor(remote, row(200_000)))
    await assert.rejects(result, { name: 'SendTimeoutError', code: 'ERR_SEND_TIMEOUT' })
    assert.equal((await remote.closed).name, 'SendTimeoutError')
  })

  const WRONG: Array<[string, (id: number) => Uint8Array]> = [
    ['with another dtype', id => resultOf(id, [{ name: 'y', dtype: 'int32', shape: [1, 2] }], 8)],
    ['of another rank', id => resultOf(id, [{ name: 'y', dtype: 'float32', shape: [2] }], 8)],
    ['of another name', id => resultOf(id, [{ name: '__proto__', dtype: 'float32', shape: [1, 2] }], 8)],
    ['without the output', id => resultOf(id, [], 0)],
    ['with fewer bytes than its shape', id => resultOf(id, [{ name: 'y', dtype: 'float32', shape: [1, 2] }], 4)],
    ['of an absurd shape', id => resultOf(id, [{ name: 'y', dtype: 'float32', shape: [4e9, 4e9] }], 8)]
  ]

  for (const [what, answer] of WRONG) {
    it(`gives a result ${what} fails alone`, async () => {
      await using peers = new Peers()
      const remote = await meet(
        peers,
        answering((stream, { id }) => stream.send(id === 1 ? answer(id) : good(id)))
      )
      const wrong = submit(remote.channel, taskFor(remote, row(2)))
      const right = submit(remote.channel, taskFor(remote, row(2)))
      await assert.rejects(wrong.result, { name: 'InvalidResultError', code: 'ERR_INVALID_RESULT' })
      await right.result
      assert.deepEqual(wrong.calls, ['failed InvalidResultError'])
    })
  }

  it('fails for a reason not known here is a failed run', async () => {
    await using peers = new Peers()
    const header = encodeFailure({ code: undefined, message: 'from the future' })
    const remote = await meet(
      peers,
      answering((stream, { id }) => stream.send(frame('failed', id, header)))
    )
    await assert.rejects(submit(remote.channel, taskFor(remote, row(2))).result, {
      name: 'RemoteRunError',
      message: /from the future/
    })
  })

  it('cancels of its own accord fails by name', async () => {
    await using peers = new Peers()
    const header = encodeFailure({ code: 'cancelled', message: 'enough' })
    const remote = await meet(
      peers,
      answering((stream, { id }) => stream.send(frame('failed', id, header)))
    )
    await assert.rejects(submit(remote.channel, taskFor(remote, row(2))).result, {
      name: 'CancelledByWorkerError',
      code: 'ERR_CANCELLED'
    })
  })

  const OFFENCES: Array<[string, string, (stream: Stream, id: number) => void]> = [
    ['answers a request that was never made', 'WireError', stream => stream.send(good(99))],
    ['answers twice', 'WireError', (stream, id) => stream.send(Buffer.concat([good(id), good(id)]))],
    ['sends garbage', 'WireError', stream => stream.send(new Uint8Array(64).fill(0xee))],
    [
      'claims a result larger than the master takes',
      'WireError',
      (stream, id) => stream.send(encodeFrame('result', id, new Uint8Array(0), 4097))
    ],
    [
      'hangs up in the middle of a tensor',
      'StreamClosedError',
      (stream, id) => {
        stream.send(good(id).subarray(0, -3))
        void stream.close()
      }
    ],
    ['resets the stream', 'StreamClosedError', stream => stream.abort(new Error('gone'))]
  ]

  for (const [offence, name, commit] of OFFENCES) {
    it(`${offence} fails, with all others on the stream, once each`, async () => {
      await using peers = new Peers()
      const both = Promise.withResolvers<void>()
      const remote = await meet(
        peers,
        answering((stream, { id }) => {
          if (id === 2) {
            commit(stream, 1)
            both.resolve()
          }
        })
      )
      const tasks = [submit(remote.channel, taskFor(remote, row(2))), submit(remote.channel, taskFor(remote, row(2)))]
      await both.promise
      assert.equal((await remote.closed).name, name)
      for (const { calls } of tasks.slice(1)) {
        assert.deepEqual(calls, [`failed ${name}`])
      }
      assert.equal(tasks[0].calls.length, 1, `request 1 ended ${tasks[0].calls.length} times: ${tasks[0].calls}`)

      const late = submit(remote.channel, taskFor(remote, row(2)))
      assert.deepEqual(late.calls, [`failed ${name}`], 'a request to a closed stream fails at once')
    })
  }
})

describe('a master that stops', () => {
  it('fails each request in flight or waiting exactly once', async () => {
    await using peers = new Peers()
    const held = gate()
    const master = await peers.master()
    const credit = { requests: 2, bytes: 1024 }
    const remote = await connect(master, await peers.worker({ run: held.run, credit }))
    const tasks = Array.from({ length: 5 }, () => submit(remote.channel, taskFor(remote, row(2))))
    await tasks[1].accepted
    await master.stop()
    held.open()

    for (const { calls } of tasks) {
      assert.deepEqual(
        calls.filter(call => call !== 'accepted'),
        ['failed StreamClosedError']
      )
    }
  })

  it('does not wait for a worker that never says HELLO', async () => {
    await using peers = new Peers()
    const greeted = Promise.withResolvers<void>()
    const worker = await peers.impostor(stream => readFrames(stream, () => greeted.resolve()))
    const master = await peers.master()
    const connecting = connect(master, worker)
    await greeted.promise
    await Promise.all([assert.rejects(connecting, { name: 'HelloError', code: 'ERR_HELLO' }), master.stop()])
  })
})
