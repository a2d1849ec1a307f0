import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import type { Libp2p } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import { createPeer, encrypters, type PeerInit } from '../../nodes/index.ts'
import { functionExecutor } from '../../src/runtime/index.ts'

/** A whole peer that listens, and plain libp2p nodes that do not; all are stopped in the end. */
async function withNodes(
  init: PeerInit,
  connectionEncrypters: Array<Libp2pOptions['connectionEncrypters']>,
  use: (address: string, ...nodes: Libp2p[]) => Promise<void>
): Promise<void> {
  const peer = await createPeer(init)
  const nodes = await Promise.all(
    connectionEncrypters.map(each =>
      createLibp2p({ transports: [tcp()], connectionEncrypters: each, streamMuxers: [yamux()] })
    )
  )
  try {
    await use(peer.addresses[0], ...nodes)
  } finally {
    await Promise.all([peer, ...nodes].map(each => each.stop()))
  }
}

describe('a peer', () => {
  it('takes noise from everybody, and TLS from those that propose it where it was told so', async () => {
    for (const encrypter of ['tls', 'noise'] as const) {
      const dialers = [[noise()], await encrypters('noise'), await encrypters('tls')]
      await withNodes({ encrypter }, dialers, async (address, ...nodes) => {
        const spoken = await Promise.all(
          nodes.map(async node => (await node.dial(multiaddr(address))).encryption?.split('/')[1])
        )
        assert.deepEqual(spoken, ['noise', 'noise', encrypter])
      })
    }
  })

  it('proposes noise unless it is told to propose TLS, and reaches those that know only noise', async () => {
    const listener = await createPeer({ encrypter: 'tls' })
    const onlyNoise = await createLibp2p({
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()]
    })
    const [first, told] = [await createPeer({ listen: [] }), await createPeer({ listen: [], encrypter: 'tls' })]
    const spoken = async ({ libp2p }: typeof first, address: string): Promise<string | undefined> =>
      (await libp2p.dial(multiaddr(address))).encryption?.split('/')[1]
    try {
      assert.equal(await spoken(first, listener.addresses[0]), 'noise')
      assert.equal(await spoken(told, listener.addresses[0]), 'tls')
      assert.equal(await spoken(told, String(onlyNoise.getMultiaddrs()[0])), 'noise')
    } finally {
      await Promise.all([listener, first, told, onlyNoise].map(each => each.stop()))
    }
  })

  it('asks a worker that is connected again until it lets itself be asked', async () => {
    const spec = { dtype: 'float32' as const, shape: [null, 1] }
    const signature = { inputs: [{ name: 'x', ...spec }], outputs: [{ name: 'y', ...spec }] }
    const executor = functionExecutor({ models: [{ name: 'echo', signature, run: ({ x }) => ({ y: x }) }] })
    let asked = 0
    const worker = await createPeer({ executor, infer: { mayAsk: () => ++asked > 2 } })
    const master = await createPeer({ listen: [], bootstrap: worker.addresses })
    try {
      await master.waitForWorkers({ model: 'echo', signal: AbortSignal.timeout(10_000) })
      assert.equal(asked, 3)
    } finally {
      await Promise.all([master, worker].map(each => each.stop()))
    }
  })

  it('takes the connections of many peers on one host at once', async () => {
    const dialers = await Promise.all(Array.from({ length: 16 }, () => encrypters('tls')))
    await withNodes({ encrypter: 'tls' }, dialers, async (address, ...nodes) => {
      const connections = await Promise.all(nodes.map(node => node.dial(multiaddr(address))))
      // a listener that has too many closes the connection after the dial
      await Promise.all(connections.map(connection => connection.newStream('/ipfs/id/1.0.0')))
      assert.ok(connections.every(({ status }) => status === 'open'))
    })
  })
})
