import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import type { Stream } from '@libp2p/interface'
import { encodeHave } from '../../../protocols/model/messages.ts'
import { CHUNK_BYTES, chainDigest, type HashChain, STATE_BYTES } from '../../../src/models/index.ts'
import { chainAnswer, chunkOf, haveOf, provider, type Script } from './by-hand.ts'
import { chained, connect, type ModelNode, model, Peers, type TestModel } from './peers.ts'

/** A model that is wrong from its second chunk on, under the id of the right one. */
async function forged({ id, bytes }: TestModel): Promise<TestModel> {
  const wrong = Uint8Array.from(bytes)
  wrong[CHUNK_BYTES + 100] ^= 1
  return { id, bytes: wrong, chain: (await chained(wrong)).chain }
}

/** The chain of the right model from the last chunk on, of the forged one before: its end proves, its middle cannot. */
function spliced(right: HashChain, wrong: HashChain): HashChain {
  const end = right.states.length - STATE_BYTES
  return { size: right.size, states: Buffer.concat([wrong.states.subarray(0, end), right.states.subarray(end)]) }
}

const truth: TestModel = await model(4)
const lie = await forged(truth)
const splice: TestModel = { ...lie, chain: spliced(truth.chain, lie.chain) }

function haveOfSize(size: number): ReturnType<typeof haveOf> {
  const chunks = Array.from({ length: Math.ceil(size / CHUNK_BYTES) }, () => true)
  return { type: 'have', ...encodeHave({ size, digest: chainDigest(truth.chain), chunks }) }
}

function flood(stream: Stream): void {
  stream.addEventListener('drain', () => stream.send(new Uint8Array(CHUNK_BYTES)))
  for (let i = 0; i < 64; i++) {
    stream.send(new Uint8Array(CHUNK_BYTES).fill(6))
  }
}

/** The header of a HAVE, a byte at a time: each comes in time, the whole never. */
function drip(stream: Stream): void {
  stream.send(Uint8Array.of(2, 0, 0, 1, 0, 0, 0, 0))
  const timer = setInterval(() => stream.writeStatus === 'writable' && stream.send(Uint8Array.of(0)), 20)
  stream.addEventListener('close', () => clearInterval(timer))
}

const none = (): undefined => undefined
const HOSTILE: Array<[string, Script | ((stream: Stream) => void)]> = [
  [
    'sends a chunk with a byte changed',
    { chunk: index => chunkOf(index === 1 ? { ...truth, bytes: new Uint8Array(truth.bytes.length) } : truth, index) }
  ],
  ['sends another chunk than was asked for', { chunk: index => chunkOf(truth, (index + 1) % 4) }],
  [
    'sends a chunk that is too long',
    { chunk: index => ({ ...chunkOf(truth, index), body: new Uint8Array(CHUNK_BYTES + 1) }) }
  ],
  ['sends a chunk that is too short', { chunk: index => ({ ...chunkOf(truth, index), body: new Uint8Array(7) }) }],
  ['says the file is shorter', { have: () => haveOfSize(truth.bytes.length - 1) }],
  ['says the file is larger than any that is taken', { have: () => haveOfSize(2 ** 31) }],
  ['says the file is empty', { have: () => ({ ...haveOf(truth), header: new Uint8Array(40) }) }],
  ['sends a list of chunks that is too short', { have: () => ({ ...haveOf(truth), body: new Uint8Array(1) }) }],
  ['sends another chain than it said', { chain: () => chainAnswer(lie) }],
  [
    'goes by the chain of another file',
    { have: () => haveOf(lie), chain: () => chainAnswer(lie), chunk: index => chunkOf(lie, index) }
  ],
  [
    'goes by a chain that is true at its end only',
    { have: () => haveOf(splice), chain: () => chainAnswer(splice), chunk: index => chunkOf(splice, index) }
  ],
  ['says it has chunks and gives none', { chunk: () => ({ type: 'refused', header: Uint8Array.of(2) }) }],
  ['answers with a question', { have: () => ({ type: 'want', header: new Uint8Array(32) }) }],
  ['takes the stream and says nothing', { have: none }],
  ['stalls after a chunk', { chunk: index => (index === 3 ? chunkOf(truth, index) : undefined) }],
  ['hangs up', stream => void stream.close()],
  ['resets the stream', stream => stream.abort(new Error('no'))],
  ['sends bytes without end', flood],
  ['sends a header that never ends', drip],
  ['sends a varint that never ends', stream => void stream.send(new Uint8Array(1000).fill(0xff))]
]

describe('a model comes whole from an honest peer, although another', () => {
  const shared = new Peers()
  let honest: ModelNode

  before(async () => {
    honest = await shared.peer({ has: [truth] })
  })

  after(() => shared[Symbol.asyncDispose]())

  for (const [what, behaviour] of HOSTILE) {
    it(what, async () => {
      await using peers = new Peers()
      const liar = await peers.impostor(typeof behaviour === 'function' ? behaviour : provider(truth, behaviour))
      const asker = await peers.peer({ timeouts: { answer: 500, patience: 10_000 } })
      await connect(asker, liar)
      const fetched = asker.services.models.fetch(truth.id)
      await connect(asker, honest)
      const { path } = await fetched
      assert.deepEqual(readFileSync(path), Buffer.from(truth.bytes))
    })
  }
})

describe('a peer that lies', () => {
  it('is not asked again, and the error says what it did', async () => {
    await using peers = new Peers()
    let asked = 0
    const chunk = (index: number) => {
      asked += 1
      return chunkOf(index === 3 ? truth : lie, index === 3 ? 3 : 1)
    }
    const liar = await peers.impostor(
      provider(truth, { chunk: index => ({ ...chunk(index), header: chunkOf(truth, index).header }) })
    )
    const asker = await peers.peer({ timeouts: { patience: 1500 } })
    await connect(asker, liar)
    await assert.rejects(asker.services.models.fetch(truth.id), {
      code: 'ERR_MODEL_UNAVAILABLE',
      message: new RegExp(`${liar.peerId}: chunk \\d+ does not fit the chain`)
    })
    assert.ok(asked <= 3, `it was asked for ${asked} chunks: the last of the file, and one on each lane`)
  })

  it('alone cannot pass off another file, whatever chain it goes by; what it sent of the true one is kept', async () => {
    await using peers = new Peers()
    const liar = await peers.impostor(
      provider(truth, {
        have: () => haveOf(splice),
        chain: () => chainAnswer(splice),
        chunk: index => chunkOf(splice, index)
      })
    )
    const asker = await peers.peer({ timeouts: { patience: 1500 } })
    await connect(asker, liar)
    await assert.rejects(asker.services.models.fetch(truth.id), { code: 'ERR_MODEL_UNAVAILABLE' })
    assert.deepEqual(await asker.cache.list(), [])

    await connect(asker, await peers.peer({ has: [truth] }))
    let first: number | undefined
    await asker.services.models.fetch(truth.id, {
      progress: ({ chunks }) => {
        first ??= chunks
      }
    })
    assert.ok(first !== undefined && first > 1, 'the last chunk at least was true')
  })

  it('about being safe is found out before the model is in the cache', async () => {
    await using peers = new Peers()
    const bytes = Buffer.from('this is no model, but it has the right hash')
    const junk: TestModel = { bytes, ...(await chained(bytes)) }
    const asker = await peers.peer()
    await connect(asker, await peers.impostor(provider(junk)))
    await assert.rejects(asker.services.models.fetch(junk.id), { name: 'MalformedModelError' })
    assert.deepEqual(await asker.cache.list(), [])
    assert.equal(await asker.cache.resume(junk.id), undefined, 'nothing of it is left')
  })
})
