import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { createPeer, type Peer, type PeerInit } from '../../nodes/index.ts'
import { type Advert, presence } from '../../protocols/presence/index.ts'
import { functionExecutor } from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'

const spec = { dtype: 'float32' as const, shape: [null, 2] }

/** Sends back what it gets; another name is another model. */
const echo = (name = 'echo') =>
  functionExecutor({
    models: [
      {
        name,
        signature: { inputs: [{ name: 'x', ...spec }], outputs: [{ name: 'y', ...spec }] },
        run: ({ x }) => ({ y: x })
      }
    ]
  })

const queries = [Tensor.float32([1, 2], [1, 2])]

/** Peers of which each but the first enters through the first. */
async function withPeers(inits: PeerInit[], use: (...peers: Peer[]) => Promise<void>): Promise<void> {
  const peers: Peer[] = []
  try {
    for (const init of inits) {
      peers.push(await createPeer({ bootstrap: peers[0]?.addresses, ...init }))
    }
    await use(...peers)
  } finally {
    await Promise.all(peers.map(peer => peer.stop()))
  }
}

describe('a peer with a DHT', () => {
  it('finds the workers of a model by its content id, whom it knows nothing of', async () => {
    const workers = [echo(), echo(), echo('other'), echo()].map(executor => ({ executor, dht: 'client' as const }))
    await withPeers([{ dht: 'server' }, ...workers, { listen: [], dht: 'client' }], async (...peers) => {
      const [, first] = peers
      const master = peers[peers.length - 1]
      const [{ models }] = first.workers()
      await master.waitForWorkers({ model: models[0].id, count: 3, signal: AbortSignal.timeout(20_000) })
      const { outcomes } = await master.infer({ model: models[0].id, queries, k: 1, n: 3 })
      assert.equal(outcomes[0].status, 'exact')
    })
  })
})

describe('a peer with presence', () => {
  it('finds the workers of a model by its name, and counts nobody who only says that it serves it', async () => {
    const workers = ['echo', 'echo', 'other'].map(name => ({ executor: echo(name), presence: true }))
    const listening = [{ presence: true }, ...workers, { listen: [], presence: true }]
    await withPeers(listening, async (middle, first, second, other, master) => {
      const [{ id }] = first.workers()[0].models
      const claim: Advert = {
        models: [{ id, name: 'echo', taskMs: 0 }],
        device: '',
        provider: '',
        slotsFree: 99,
        queued: 0
      }
      const liar = await createLibp2p({
        addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
        transports: [tcp()],
        connectionEncrypters: [noise()],
        streamMuxers: [yamux()],
        services: { identify: identify(), pubsub: gossipsub(), presence: presence({ self: () => claim }) }
      })
      try {
        await liar.dial(multiaddr(middle.addresses[0]))
        const dialled = new Promise<void>(resolve => {
          liar.addEventListener('peer:connect', ({ detail }) => String(detail) === master.id && resolve())
        })
        // what is asked for is dialled when it is heard of
        await master.waitForWorkers({ model: 'echo', count: 2, signal: AbortSignal.timeout(20_000) })
        await dialled
        const { groups } = await master.infer({ model: 'echo', queries: [queries[0], queries[0]], k: 2, n: 8 })
        assert.deepEqual(new Set(groups[0].tasks.map(({ worker }) => worker)), new Set([first.id, second.id]))
        const present = master.present().map(peer => peer.id)
        assert.deepEqual(new Set(present), new Set([first.id, second.id, other.id, String(liar.peerId)]))
      } finally {
        await liar.stop()
      }
    })
  })
})

describe('a peer that is reached through a relay', () => {
  it('answers one that has only its relayed address', async () => {
    const behind = { listen: ['/p2p-circuit'], executor: echo() }
    await withPeers([{ relay: true }, behind], async (relay, worker) => {
      const { promise: reachable, resolve } = Promise.withResolvers<void>()
      const look = (): void => (worker.addresses.length > 0 ? resolve() : undefined)
      worker.libp2p.addEventListener('self:peer:update', look)
      look()
      await reachable
      assert.ok(
        worker.addresses.every(address => address.includes(`${relay.id}/p2p-circuit`)),
        String(worker.addresses)
      )
      await withPeers([{ listen: [], bootstrap: worker.addresses }], async master => {
        const { outcomes } = await master.infer({ model: 'echo', queries, k: 1, n: 1, deadline: 10_000 })
        assert.equal(outcomes[0].status, 'exact')
      })
    })
  })
})
