import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Stream } from '@libp2p/interface'
import { encodeFrame } from '../../../protocols/infer/frames.ts'
import { decodeFailure, encodeRequest } from '../../../protocols/infer/messages.ts'
import type { Admission } from '../../../src/runtime/index.ts'
import { closed, connect, frame, gate, hello, Peers, readFrames, row, submit, taskFor } from './peers.ts'

const LIMITS = { maxBodyBytes: 4096, credit: { requests: 2, bytes: 8192 } }

/** A request frame for a row of 8 floats; `bytes` may claim another length of body. */
function request(admission: Admission, id: number, { bytes = 32, length = 8 } = {}): Uint8Array {
  const header = encodeRequest({
    model: admission.models[0].id,
    remaining: 60_000,
    outputs: ['y'],
    inputs: [{ name: 'x', dtype: 'float32', shape: [1, length] }]
  })
  return encodeFrame('request', id, header, bytes)
}

/** An admission that tells of cancelled tickets. */
function watched(admission: Admission): Admission & { cancelled: Promise<void> } {
  const cancelled = Promise.withResolvers<void>()
  return {
    load: admission.load,
    models: admission.models,
    admit: header => {
      const ticket = admission.admit(header)
      return {
        run: inputs => ticket.run(inputs),
        cancel: () => {
          ticket.cancel()
          cancelled.resolve()
        }
      }
    },
    stop: () => admission.stop(),
    cancelled: cancelled.promise
  }
}

describe('a worker resets the stream of a master that', () => {
  const RULES: Array<[string, (stream: Stream, admission: Admission) => void]> = [
    ['sends garbage', stream => stream.send(new Uint8Array(100).fill(0xa5))],
    ['does not begin with HELLO', stream => stream.send(frame('cancel', 1))],
    ['says HELLO twice', stream => stream.send(Buffer.concat([hello(), hello()]))],
    [
      'claims a header of 64 KB',
      stream => {
        const bytes = frame('request', 1)
        bytes.set([0xff, 0xff], 2)
        stream.send(Buffer.concat([hello(), bytes]))
      }
    ],
    [
      'claims a body larger than the worker takes',
      (stream, admission) => stream.send(Buffer.concat([hello(), request(admission, 1, { bytes: 4097 })]))
    ],
    [
      'sends a header that ends in the middle of a field',
      stream => stream.send(Buffer.concat([hello(), frame('request', 1, new Uint8Array(33))]))
    ],
    [
      'uses a request id again',
      (stream, admission) => {
        const whole = Buffer.concat([request(admission, 1), new Uint8Array(32)])
        stream.send(Buffer.concat([hello(), whole, whole]))
      }
    ],
    [
      'goes beyond its credit',
      (stream, admission) => {
        const whole = (id: number): Uint8Array => Buffer.concat([request(admission, id), new Uint8Array(32)])
        stream.send(Buffer.concat([hello(), whole(1), whole(2), whole(3)]))
      }
    ],
    ['sends a frame that is a worker’s', stream => stream.send(Buffer.concat([hello(), frame('accepted', 1)]))]
  ]

  for (const [offence, commit] of RULES) {
    it(`${offence}, and serves others`, async () => {
      await using peers = new Peers()
      const held = gate()
      const admission = await peers.admission({ run: held.run, slots: 4 })
      const worker = await peers.master({ ...LIMITS, admission })
      const stream = await peers.intruder(worker)
      const ended = closed(stream)
      commit(stream, admission)
      assert.equal((await ended)?.name, 'StreamResetError')

      held.open()
      const remote = await connect(await peers.master(), worker)
      await submit(remote.channel, taskFor(remote, row(2))).result
    })
  }

  it('says nothing', async () => {
    await using peers = new Peers()
    const worker = await peers.worker({ timeouts: { hello: 200 } })
    const stream = await peers.intruder(worker)
    await closed(stream)
    assert.equal(stream.status, 'reset')
  })

  it('does not read its results', async () => {
    await using peers = new Peers()
    const wide = row(500_000)
    const admission = watched(await peers.admission({ run: () => wide }))
    const worker = await peers.master({ admission, timeouts: { send: 50 } })
    const stream = await peers.intruder(worker)
    stream.pause()
    stream.send(Buffer.concat([hello([], undefined, 2 ** 24), request(admission, 1), new Uint8Array(32)]))
    await admission.cancelled
  })

  it('opens a second stream: the newer one stays', async () => {
    await using peers = new Peers()
    const [master, worker] = [await peers.master(), await peers.worker()]
    const remote = await connect(master, worker)
    const [connection] = master.getConnections(worker.peerId)
    await connection.newStream('/splinemesh/infer/1.0.0')
    assert.equal((await remote.closed).name, 'StreamClosedError')
  })
})

describe('a worker frees the place of a request when its master', () => {
  it('hangs up in the middle of a tensor', async () => {
    await using peers = new Peers()
    const admission = watched(await peers.admission({ maxQueued: 0 }))
    const worker = await peers.master({ admission })
    const stream = await peers.intruder(worker)
    stream.send(Buffer.concat([hello(), request(admission, 1), new Uint8Array(20)]))
    await accepted(stream)
    stream.abort(new Error('gone'))
    await admission.cancelled

    const remote = await connect(await peers.master(), worker)
    await submit(remote.channel, taskFor(remote, row(2))).result
  })

  it('closes its side in the middle of a tensor', async () => {
    await using peers = new Peers()
    const admission = watched(await peers.admission({ maxQueued: 0 }))
    const worker = await peers.master({ admission })
    const stream = await peers.intruder(worker)
    const ended = closed(stream)
    stream.send(Buffer.concat([hello(), request(admission, 1), new Uint8Array(20)]))
    await accepted(stream)
    await stream.close()
    await admission.cancelled
    assert.equal(await ended, undefined, 'the worker closes its side too, so that the stream ends without a reset')
  })

  it('stops while the model runs', async () => {
    await using peers = new Peers()
    const held = gate()
    const admission = watched(await peers.admission({ run: held.run }))
    const master = await peers.master()
    const remote = await connect(master, await peers.master({ admission }))
    submit(remote.channel, taskFor(remote, row(2)))
    await held.started
    await master.stop()
    await admission.cancelled
    held.open()
    await admission.stop()
  })
})

describe('a worker', () => {
  it('rejects a body of another length than its header says, skips it, and goes on', async () => {
    await using peers = new Peers()
    const admission = await peers.admission()
    const stream = await peers.intruder(await peers.master({ admission }))
    const answers: string[] = []
    const done = Promise.withResolvers<void>()
    readFrames(stream, ({ type, id, header }) => {
      answers.push(type === 'failed' ? `${id} failed ${decodeFailure(header).code}` : `${id} ${type}`)
      if (type === 'result') {
        done.resolve()
      }
    })
    const wrong = request(admission, 1, { bytes: 40 })
    stream.send(Buffer.concat([hello(), wrong, new Uint8Array(40), request(admission, 2), new Uint8Array(32)]))
    await done.promise
    assert.deepEqual(
      answers.filter(answer => answer !== '2 accepted'),
      ['0 hello', '1 failed bad-input', '2 result']
    )
  })

  it('ignores the cancel of a request that has ended', async () => {
    await using peers = new Peers()
    const admission = await peers.admission()
    const stream = await peers.intruder(await peers.master({ admission }))
    const results = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    readFrames(stream, ({ type, id }) => type === 'result' && results[id - 1].resolve())
    stream.send(Buffer.concat([hello(), request(admission, 1), new Uint8Array(32)]))
    await results[0].promise
    stream.send(Buffer.concat([frame('cancel', 1), request(admission, 2), new Uint8Array(32)]))
    await results[1].promise
  })
})

function accepted(stream: Stream): Promise<void> {
  return new Promise(resolve => readFrames(stream, ({ type }) => type === 'accepted' && resolve()))
}
