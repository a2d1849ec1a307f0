import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Stream } from '@libp2p/interface'
import type { Libp2p } from 'libp2p'
import { concat } from 'uint8arrays/concat'
import { FrameStream } from '../../../protocols/model/frame-stream.ts'
import { MODEL_PROTOCOL } from '../../../protocols/model/index.ts'
import { encodeId, encodeIndex } from '../../../protocols/model/messages.ts'
import { CHUNK_BYTES, contentId } from '../../../src/models/index.ts'
import { connect, type ModelNode, model, Peers, type TestModel } from './peers.ts'

const large: TestModel = await model(8)
const signal = new AbortController().signal

function frame(type: number, header: Uint8Array, bodyLength = 0): Uint8Array {
  const prelude = Buffer.alloc(8)
  prelude.writeUInt8(type, 0)
  prelude.writeUInt16LE(header.length, 2)
  prelude.writeUInt32LE(bodyLength, 4)
  return concat([prelude, header])
}

const want = frame(1, encodeId(large.id))
const askChunk = frame(5, encodeIndex(0))

/** Resolves when the stream has ended, with its error if it was aborted or reset. */
function ended(stream: Stream): Promise<Error | undefined> {
  return new Promise(resolve => {
    if (stream.status !== 'open' && stream.status !== 'closing') {
      resolve(undefined)
    }
    stream.addEventListener('close', ({ error }) => resolve(error), { once: true })
  })
}

describe('a peer that gives models', () => {
  const peers = new Peers()
  let seed: ModelNode
  let intruder: Libp2p

  const open = (): Promise<Stream> => intruder.dialProtocol(seed.getMultiaddrs(), MODEL_PROTOCOL)

  before(async () => {
    seed = await peers.peer({ has: [large], timeouts: { idle: 300, send: 300 } })
    intruder = await peers.intruder()
  })

  after(() => peers[Symbol.asyncDispose]())

  async function stillServesOthers(): Promise<void> {
    await using others = new Peers()
    const asker = await others.peer()
    await connect(asker, seed)
    assert.equal((await asker.services.models.fetch(large.id)).id, large.id)
  }

  const BROKEN: Array<[string, Uint8Array]> = [
    ['an unknown frame type', frame(99, new Uint8Array())],
    ['a header larger than any', frame(1, new Uint8Array(257))],
    ['a question with a body', frame(1, encodeId(large.id), 1)],
    ['an answer', frame(4, new Uint8Array())],
    ['an id that is cut off', frame(1, new Uint8Array(31))],
    ['an index that is cut off', concat([want, frame(5, new Uint8Array(3))])],
    ['a varint that never ends, where js-libp2p has varints', new Uint8Array(1000).fill(0xff)],
    ['garbage', new Uint8Array(1000).fill(0xee)]
  ]

  for (const [what, bytes] of BROKEN) {
    it(`resets a stream that sends ${what}`, async () => {
      const stream = await open()
      stream.send(bytes)
      assert.equal((await ended(stream))?.name, 'StreamResetError')
    })
  }

  it('ends a stream on which nothing is asked, or half a question', async () => {
    const [silent, half] = [await open(), await open()]
    half.send(want.subarray(0, 5))
    assert.deepEqual(
      (await Promise.all([ended(silent), ended(half)])).map(error => error?.name),
      ['StreamResetError', 'StreamResetError']
    )
  })

  it('ends a stream whose header never ends, though bytes of it keep coming', async () => {
    const stream = await open()
    stream.send(frame(1, new Uint8Array(256)).subarray(0, 8))
    const drip = setInterval(() => stream.status === 'open' && stream.send(Uint8Array.of(0)), 20)
    assert.equal((await ended(stream))?.name, 'StreamResetError')
    clearInterval(drip)
  })

  it('answers what it does not have with a refusal, and goes on', async () => {
    const frames = new FrameStream(await open(), 2 ** 20)
    const ask = async (type: 'want' | 'ask-chain' | 'ask-chunk', header?: Uint8Array): Promise<string> => {
      await frames.write({ type, header }, { signal })
      return (await frames.read(() => CHUNK_BYTES, { signal })).type
    }
    assert.equal(await ask('ask-chunk', encodeIndex(0)), 'refused', 'no model was named')
    assert.equal(await ask('ask-chain'), 'refused')
    assert.equal(await ask('want', encodeId(contentId(Buffer.from('another')))), 'refused')
    assert.equal(await ask('want', encodeId(large.id)), 'have')
    assert.equal(await ask('ask-chunk', encodeIndex(8)), 'refused', 'there are chunks 0 to 7')
    assert.equal(await ask('ask-chunk', encodeIndex(2 ** 32 - 1)), 'refused')
    assert.equal(await ask('ask-chunk', encodeIndex(7)), 'chunk')
    await frames.close({ signal })
  })

  it('resets a stream on which 10,000 chunks are asked for at once, having read few', async () => {
    const stream = await open()
    let received = 0
    stream.addEventListener('message', ({ data }) => {
      received += data.byteLength
    })
    stream.send(concat([want, ...Array.from({ length: 10_000 }, () => askChunk)]))
    assert.equal((await ended(stream))?.name, 'StreamResetError')
    assert.ok(received < 100 * CHUNK_BYTES, `it sent ${received} bytes`)
    await stillServesOthers()
  })

  it('resets a stream whose reader takes nothing', async () => {
    const stream = await open()
    stream.pause()
    stream.send(concat([want, ...Array.from({ length: 40 }, () => askChunk)]))
    assert.equal((await ended(stream))?.name, 'StreamResetError')
    await stillServesOthers()
  })

  it('takes so many streams of one peer, and as many of others', async () => {
    const streams = await Promise.all(Array.from({ length: 40 }, open))
    const left = streams.map(ended)
    await stillServesOthers()
    await Promise.all(left)
    assert.ok(streams.every(({ status }) => status !== 'open'))
  })
})
