import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { type GossipSub, gossipsub, multicodec } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import { encodeAdvert, type SaidAdvert } from '../../../protocols/presence/advert.ts'
import { PRESENCE_PROTOCOL, type Presence, type PresenceInit, presence } from '../../../protocols/presence/index.ts'

const ID = '3aaece5544de6c36f4bf5568f8b81528454b8fb0d161d28ad0dee663811119c6'

const advert = { models: [{ id: ID, name: 'lenet5' }], device: 'a desk', provider: 'cpu', slotsFree: 1, queued: 0 }

type Node = Libp2p<{ pubsub: GossipSub; presence: Presence }>

const parts = {
  addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()]
}

const node = (init?: PresenceInit): Promise<Node> =>
  createLibp2p({ ...parts, services: { identify: identify(), pubsub: gossipsub(), presence: presence(init) } })

/** Says whatever it is told to, on the topic. */
async function stranger(): Promise<Gossiping> {
  const made = await createLibp2p({ ...parts, services: { identify: identify(), pubsub: gossipsub() } })
  made.services.pubsub.subscribe(PRESENCE_PROTOCOL)
  return made
}

/** What a peer hears, one after the other. */
class Ear {
  readonly #said: string[] = []
  #told = Promise.withResolvers<void>()

  readonly heard = ({ device }: { device: string }): void => {
    this.#said.push(device)
    this.#told.resolve()
    this.#told = Promise.withResolvers()
  }

  get all(): readonly string[] {
    return this.#said
  }

  async until(device: string): Promise<void> {
    while (!this.#said.includes(device)) await this.#told.promise
  }
}

async function withNodes<T extends Libp2p[]>(nodes: [...T], use: (...nodes: T) => Promise<void>): Promise<void> {
  try {
    await use(...nodes)
  } finally {
    await Promise.all(nodes.map(each => each.stop()))
  }
}

type Gossiping = Libp2p<{ pubsub: GossipSub }>

/** Each can send to the other once it has heard what the other listens to. */
async function connected(from: Gossiping, to: Gossiping): Promise<void> {
  const heard = Promise.all(
    [from, to].map(
      ({ services: { pubsub } }) =>
        new Promise<void>(resolve => {
          pubsub.addEventListener('subscription-change', () => resolve(), { once: true })
        })
    )
  )
  await from.dial(to.getMultiaddrs())
  await heard
}

const at = (device: string, more: Partial<SaidAdvert> = {}): Uint8Array =>
  encodeAdvert({ ...advert, device, at: Date.now(), addresses: [], ...more })

describe('presence', () => {
  it('tells peers of each other that are connected only through a third', async () => {
    const ear = new Ear()
    const nodes: [Node, Node, Node] = [
      await node(),
      await node({ self: () => ({ ...advert, device: 'far away' }) }),
      await node({ heard: ear.heard })
    ]
    await withNodes(nodes, async (middle, author, listener) => {
      await Promise.all([connected(author, middle), connected(listener, middle)])
      await ear.until('far away')
      const [heard] = listener.services.presence.peers()
      assert.equal(heard.id, String(author.peerId))
      assert.deepEqual(heard.models, advert.models)
      assert.deepEqual(heard.addresses.map(String), author.getMultiaddrs().map(String))
    })
  })

  it('takes nothing that is forged, malformed, oversized, old, of the future, said again, or said too often', async () => {
    const ear = new Ear()
    await withNodes(
      [await node({ heard: ear.heard }), await stranger(), await stranger()],
      async (listener, liar, other) => {
        for (const each of [liar, other]) {
          await connected(each, listener)
        }
        const say = (from: typeof liar, data: Uint8Array) => from.services.pubsub.publish(PRESENCE_PROTOCOL, data)
        const hour = 3_600_000
        await say(liar, Buffer.from('no advert'))
        await say(liar, Buffer.concat([at('oversized'), new Uint8Array(5000)]))
        await say(liar, at('old', { at: Date.now() - hour }))
        await say(liar, at('of the future', { at: Date.now() + hour }))
        const first = Date.now()
        await say(liar, at('the first', { at: first }))
        await ear.until('the first')
        for (let i = 1; i < 50; i++) await say(liar, at('too often', { at: first + i }))
        // after the pause that a peer keeps, still no older one
        await sleep(1100)
        await say(liar, at('said again', { at: first }))
        await say(other, at('somebody else'))
        await ear.until('somebody else')
        assert.deepEqual(ear.all, ['the first', 'somebody else'])
        assert.equal(listener.services.presence.peers().length, 2)
      }
    )
  })

  it('takes no advert in the name of another', async () => {
    const ear = new Ear()
    await withNodes(
      [await node({ heard: ear.heard }), await stranger(), await stranger()],
      async (listener, thief, victim) => {
        // the thief passes on what the victim says, changed on the way
        await connected(thief, listener)
        const raw = await rawMessage(victim, at('true'))
        const changed = Buffer.from(raw)
        changed.write('fals', changed.indexOf('true'))
        const stream = await thief.dialProtocol(listener.getMultiaddrs(), multicodec)
        for (const message of [changed, raw]) stream.send(rpc(message))
        await ear.until('true')
        assert.deepEqual(ear.all, ['true'])
      }
    )
  })
})

/** A signed message of gossipsub as it travels (protobuf), caught from its author. */
async function rawMessage(author: Gossiping, data: Uint8Array): Promise<Buffer> {
  const catcher = await stranger()
  try {
    const caught = Promise.withResolvers<Buffer>()
    catcher.services.pubsub.addEventListener('gossipsub:message', ({ detail: { msg } }) => {
      if (msg.type !== 'signed') return
      const sequence = Buffer.alloc(8)
      sequence.writeBigUInt64BE(msg.sequenceNumber)
      const fields: Array<[number, Uint8Array]> = [
        [1, msg.from.toMultihash().bytes],
        [2, msg.data],
        [3, sequence],
        [4, Buffer.from(msg.topic)],
        [5, msg.signature]
      ]
      caught.resolve(Buffer.concat(fields.map(([number, bytes]) => field(number, bytes))))
    })
    await connected(catcher, author)
    await author.services.pubsub.publish(PRESENCE_PROTOCOL, data)
    return await caught.promise
  } finally {
    await catcher.stop()
  }
}

/** One message in an RPC of gossipsub, with its length before it. */
function rpc(message: Uint8Array): Uint8Array {
  const body = field(2, message)
  return Buffer.concat([varint(body.length), body])
}

function field(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest])
    bytes.push((rest & 0x7f) | 0x80)
  }
}
