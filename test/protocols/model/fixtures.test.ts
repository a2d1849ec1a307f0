import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import type { Stream } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import { FrameStream } from '../../../protocols/model/frame-stream.ts'
import { MODEL_PROTOCOL } from '../../../protocols/model/index.ts'
import { chainDigest, decodeChain, encodeChain } from '../../../src/models/index.ts'
import { chained, connect, Peers } from './peers.ts'

interface Asked {
  name: string
  asker: string
  provider: string
}

const folder = path.resolve(import.meta.dirname, '../../fixtures/protocols/model')
const FUTURE_PROTOCOL = '/splinemesh/model/1.1.0'

function fixture<T>(name: string): T {
  return JSON.parse(readFileSync(path.join(folder, `${name}.json`), 'utf8'))
}

const chain = fixture<{ id: string; chain: string; digest: string }>('chain')
const talk = fixture<{
  model: string
  id: string
  asked: Asked[]
  future: Asked[]
  futureAnswers: Array<{ name: string; answer: string }>
}>('conversation')
const modelFile = path.resolve(import.meta.dirname, '../../..', talk.model)

/** The next bytes of a stream, as many as are expected. */
async function take(stream: Stream, count: number): Promise<string> {
  const received = new Uint8ArrayList()
  const { promise, resolve } = Promise.withResolvers<void>()
  const onMessage = ({ data }: { data: Uint8Array | Uint8ArrayList }): void => {
    received.append(data)
    if (received.byteLength >= count) {
      resolve()
    }
  }
  stream.addEventListener('message', onMessage)
  await promise
  stream.removeEventListener('message', onMessage)
  return Buffer.from(received.subarray()).toString('hex')
}

describe('the fixtures of the protocol page', () => {
  it('chain.json: the states of SHA-256 before each chunk, as another implementation gives them', async () => {
    const file = Uint8Array.from({ length: 600_000 }, (_, i) => (i * i) % 251)
    const made = await chained(file)
    assert.equal(made.id, chain.id)
    assert.equal(Buffer.from(encodeChain(made.chain)).toString('hex'), chain.chain)
    assert.equal(chainDigest(made.chain), chain.digest)
    assert.deepEqual(decodeChain(Buffer.from(chain.chain, 'hex'))?.size, 600_000)
  })

  it('conversation.json: a provider answers each question with these bytes, a later version’s too', async () => {
    await using peers = new Peers()
    const seed = await peers.peer({ served: () => new Map([[talk.id, modelFile]]) })
    const stream = await (await peers.intruder()).dialProtocol(seed.getMultiaddrs(), MODEL_PROTOCOL)
    for (const { name, asker, provider } of [...talk.asked, ...talk.future]) {
      const answer = take(stream, provider.length / 2)
      stream.send(Buffer.from(asker, 'hex'))
      assert.equal(await answer, provider, name)
    }
    await stream.close()
  })

  for (const future of [undefined, ...talk.futureAnswers]) {
    it(`conversation.json: an asker asks with these bytes; ${future?.name ?? 'all as it stands there'}`, async () => {
      await using peers = new Peers()
      const heard: string[] = []
      const asker = await peers.peer({ timeouts: { patience: 5000 } })
      const seed = await peers.impostor(stream => {
        stream.addEventListener('message', ({ data }) => {
          const question = Buffer.from(data.subarray()).toString('hex')
          heard.push(question)
          const answer = talk.asked.find(({ asker }) => asker === question)?.provider ?? ''
          const later = talk.futureAnswers.find(
            each => each === future && each.answer.slice(0, 2) === answer.slice(0, 2)
          )
          stream.send(Buffer.from(later?.answer ?? answer, 'hex'))
        })
      })
      await connect(asker, seed)
      const fetched = await asker.services.models.fetch(talk.id)
      assert.deepEqual(readFileSync(fetched.path), readFileSync(modelFile))
      assert.deepEqual(
        heard.slice(0, 3),
        talk.asked.slice(0, 3).map(({ asker }) => asker)
      )
    })
  }
})

describe('a peer of a later minor version', () => {
  it('that proposes it first is answered in this one', async () => {
    await using peers = new Peers()
    const seed = await peers.peer({ served: () => new Map([[talk.id, modelFile]]) })
    const stream = await (await peers.intruder()).dialProtocol(seed.getMultiaddrs(), [FUTURE_PROTOCOL, MODEL_PROTOCOL])
    assert.equal(stream.protocol, MODEL_PROTOCOL)
    const frames = new FrameStream(stream, 1024)
    const signal = AbortSignal.timeout(5000)
    await frames.write({ type: 'want', header: Buffer.from(talk.id, 'hex') }, { signal })
    assert.equal((await frames.read(() => 1024, { signal })).type, 'have')
    await frames.close({ signal })
  })

  it('that has both gives models to a peer of this one', async () => {
    await using peers = new Peers()
    const future = await peers.peer({ served: () => new Map([[talk.id, modelFile]]) })
    await future.handle(FUTURE_PROTOCOL, stream => stream.abort(new Error('not asked for in this version')))
    const asker = await peers.peer()
    await connect(asker, future)
    assert.equal((await asker.services.models.fetch(talk.id)).id, talk.id)
  })
})
