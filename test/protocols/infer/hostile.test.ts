import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Stream } from '@libp2p/interface'
import { encodeFrame } from '../../../protocols/infer/frames.ts'
import type { RemoteWorker } from '../../../protocols/infer/index.ts'
import { decodeFailure, encodeRequest } from '../../../protocols/infer/messages.ts'
import type { Admission } from '../../../src/runtime/index.ts'
import { closed, connect, frame, gate, hello, Peers, readFrames, row, submit, taskFor } from './peers.ts'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/** What a hostile peer may make a worker hold, in these tests. */
const CREDIT = { requests: 4, bytes: 2 ** 20 }
/** Of the whole process, which is the hostile peer's too. */
const MAX_RSS_GROWTH = 128 * 2 ** 20
const LIMITS = { maxBodyBytes: 2 ** 19, credit: CREDIT }

function requestFor(admission: Admission, floats: number): Uint8Array {
  return encodeRequest({
    model: admission.models[0].id,
    remaining: 60_000,
    outputs: ['y'],
    inputs: [{ name: 'x', dtype: 'float32', shape: [1, floats] }]
  })
}

/** That a worker still serves. */
async function serves({ channel, ...remote }: RemoteWorker): Promise<void> {
  await submit(channel, taskFor({ channel, ...remote }, row(8))).result
}

/** What is held when everything that can be collected was, in bytes. */
async function held(): Promise<{ arrayBuffers: number; rss: number }> {
  for (let i = 0; i < 3; i++) {
    collect()
    await new Promise(resolve => setImmediate(resolve))
  }
  return process.memoryUsage()
}

describe('a worker serves honest masters while a hostile one', () => {
  const ATTACKS: Array<[string, (stream: Stream, admission: Admission) => unknown]> = [
    [
      'claims a tensor of 64 GB',
      // 16 G floats of 4 bytes: beyond what the prelude can say, so the header says it
      (stream, admission) => stream.send(encodeFrame('request', 1, requestFor(admission, 2 ** 32 - 2), 16))
    ],
    [
      'sends a body longer than its header says',
      (stream, admission) => stream.send(frame('request', 1, requestFor(admission, 8), new Uint8Array(2 ** 18)))
    ],
    [
      'sends a header byte by byte and never ends it',
      (stream, admission) => {
        const header = requestFor(admission, 8)
        for (const byte of encodeFrame('request', 1, header, 32).subarray(0, -1)) {
          stream.send(Uint8Array.of(byte))
        }
      }
    ],
    [
      'sends a body drop by drop',
      (stream, admission) => {
        stream.send(encodeFrame('request', 1, requestFor(admission, 2 ** 16), 2 ** 18))
        for (let i = 0; i < 100; i++) {
          stream.send(Uint8Array.of(i))
        }
      }
    ],
    [
      'leaves bodies unfinished up to its credit',
      (stream, admission) => stream.send(encodeFrame('request', 1, requestFor(admission, 2 ** 17), 2 ** 19))
    ],
    [
      'sends 10,000 requests at once',
      (stream, admission) => {
        const header = requestFor(admission, 8)
        const requests = Array.from({ length: 10_000 }, (_, i) => frame('request', i + 1, header, new Uint8Array(32)))
        stream.send(Buffer.concat(requests))
      }
    ],
    ['names outputs without end', stream => stream.send(frame('request', 1, new Uint8Array(16_384).fill(0xff)))]
  ]

  for (const [attack, commit] of ATTACKS) {
    it(attack, async () => {
      await using peers = new Peers()
      const admission = await peers.admission()
      const worker = await peers.master({ ...LIMITS, admission })
      const remote = await connect(await peers.master(), worker)
      const before = await held()
      const stream = await peers.intruder(worker)
      const met = new Promise<void>(resolve => readFrames(stream, ({ type }) => type === 'hello' && resolve()))
      stream.send(hello())
      await met
      commit(stream, admission)
      for (let i = 0; i < 5; i++) {
        await serves(remote)
      }
      const after = await held()
      const growth = after.arrayBuffers - before.arrayBuffers
      // the hostile peer lives in this process too, and what it has sent but not got rid of counts as well
      assert.ok(growth <= CREDIT.bytes + 2 ** 20, `${growth} bytes of array buffers are held`)
      assert.ok(after.rss - before.rss <= MAX_RSS_GROWTH, `the process grew by ${after.rss - before.rss} bytes`)
    })
  }

  it('floods it with connections and streams', async () => {
    await using peers = new Peers()
    const worker = await peers.worker(LIMITS)
    const remote = await connect(await peers.master(), worker)
    await Promise.all([...Array.from({ length: 12 }, () => peers.intruder(worker)), peers.flood(worker, 50)])
    await serves(remote)
    const streams = worker.getConnections().flatMap(connection => connection.streams)
    assert.ok(streams.length <= 12 + 1 + 2, `${streams.length} streams are open: the flood keeps more than two`)
  })

  it('sends a body drop by drop: it keeps its place in the queue no longer than a poor link would need', async () => {
    await using peers = new Peers()
    const admission = await peers.admission({ maxQueued: 0 })
    const worker = await peers.master({ ...LIMITS, admission, timeouts: { receive: 20 } })
    const remote = await connect(await peers.master(), worker)
    const stream = await peers.intruder(worker)
    const gone = closed(stream)
    stream.send(Buffer.concat([hello(), encodeFrame('request', 1, requestFor(admission, 8), 32), Uint8Array.of(1)]))
    assert.equal((await gone)?.name, 'StreamResetError')
    await serves(remote)
  })

  it('dies in the middle of everything: its requests leave the queue, and its place', async () => {
    await using peers = new Peers()
    const held = gate()
    const admission = await peers.admission({ run: held.run, maxQueued: 3 })
    const worker = await peers.master({ ...LIMITS, admission })
    const stream = await peers.intruder(worker)
    const header = requestFor(admission, 8)
    const whole = (id: number): Uint8Array => frame('request', id, header, new Uint8Array(32))
    stream.send(Buffer.concat([hello(), whole(1), whole(2), whole(3), whole(4).subarray(0, -5)]))
    await held.started
    await accepted(stream, 4)
    const gone = closed(stream)
    stream.abort(new Error('died'))
    await gone

    const remote = await connect(await peers.master(), worker)
    const honest = submit(remote.channel, taskFor(remote, row(8)))
    await honest.accepted
    held.open()
    await honest.result
    assert.equal(held.runs(), 2, 'the run that was in progress, and the honest one')
  })
})

describe('a worker that is asked for more than it takes', () => {
  it('says so by FAILED, once for each, and skips the bodies', async () => {
    await using peers = new Peers()
    const held = gate()
    const admission = await peers.admission({ run: held.run, maxQueued: 0 })
    const worker = await peers.master({ ...LIMITS, admission })
    const stream = await peers.intruder(worker)
    const codes: Array<string | undefined> = []
    const two = Promise.withResolvers<void>()
    readFrames(stream, ({ type, header }) => {
      if (type === 'failed') {
        codes.push(decodeFailure(header).code)
      }
      if (codes.length === 2) {
        two.resolve()
      }
    })
    const header = requestFor(admission, 8)
    const whole = (id: number): Uint8Array => frame('request', id, header, new Uint8Array(32))
    stream.send(Buffer.concat([hello(), whole(1), whole(2), whole(3)]))
    await two.promise
    held.open()
    assert.deepEqual(codes, ['queue-full', 'queue-full'])
  })
})

function accepted(stream: Stream, id: number): Promise<void> {
  return new Promise(resolve =>
    readFrames(stream, head => {
      if (head.type === 'accepted' && head.id === id) {
        resolve()
      }
    })
  )
}
