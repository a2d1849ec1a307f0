import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { codedInference, createPeer, type InferRequest, type Peer, type PeerInit } from '../../nodes/index.ts'
import { INFER_PROTOCOL } from '../../protocols/infer/index.ts'
import type { ModelSignature } from '../../src/models/index.ts'
import { type Executor, functionExecutor } from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'

const SIGNATURE: ModelSignature = {
  inputs: [{ name: 'x', dtype: 'float32', shape: [null, 2] }],
  outputs: [
    { name: 'sum', dtype: 'float32', shape: [null, 1] },
    { name: 'logits', dtype: 'float32', shape: [null, 2] },
    { name: 'class', dtype: 'int64', shape: [null, 1] }
  ]
}

/** The executor of a little classifier that adds `bias`: another bias is another model. */
function classifier(bias = 0): Executor {
  return functionExecutor({
    models: [
      {
        name: bias === 0 ? 'adder' : `adder${bias}`,
        signature: SIGNATURE,
        run({ x }) {
          const [a, b] = x.data as Float32Array
          return {
            sum: Tensor.float32([a + b + bias], [1, 1]),
            logits: Tensor.float32([a + bias, b + bias], [1, 2]),
            class: new Tensor('int64', [1, 1], BigInt64Array.of(a > b ? 0n : 1n))
          }
        }
      }
    ]
  })
}

/** Peers that are stopped at the end of the test, whatever happens. */
async function withPeers(inits: PeerInit[], use: (...peers: Peer[]) => Promise<void>): Promise<void> {
  const peers = await Promise.all(inits.map(createPeer))
  try {
    await use(...peers)
  } finally {
    await Promise.all(peers.map(peer => peer.stop()))
  }
}

const queries = [Tensor.float32([1, 2], [1, 2]), Tensor.float32([5, 3], [1, 2])]

describe('a peer', () => {
  it('answers its own queries by a local channel when it serves the model itself', async () => {
    await withPeers([{ executor: classifier() }], async peer => {
      const { outcomes } = await peer.infer({ model: 'adder', queries, k: 2, n: 2, code: 'uncoded' })
      assert.deepEqual(
        outcomes.map(outcome => outcome.status === 'exact' && [...outcome.output.data]),
        [
          [1, 2],
          [5, 3]
        ]
      )
      assert.deepEqual(
        peer.workers().map(({ id, local }) => ({ id, local })),
        [{ id: peer.id, local: true }]
      )
      assert.deepEqual([...queries[0].data], [1, 2], 'the query is still the caller’s')
    })
  })

  it('is master and worker of another at once', async () => {
    await withPeers([{ executor: classifier() }, { executor: classifier() }], async (a, b) => {
      await a.libp2p.dial(multiaddr(b.addresses[0]))
      for (const peer of [a, b]) {
        await peer.waitForWorkers({ model: 'adder', count: 2, signal: AbortSignal.timeout(5000) })
        const { outcomes, groups } = await peer.infer({ model: 'adder', queries, k: 2, n: 4 })
        assert.ok(outcomes.every(({ status }) => status === 'exact'))
        assert.equal(new Set(groups[0].tasks.map(({ worker }) => worker)).size, 2)
      }
    })
  })

  it('decodes the output that is asked for, and copies outputs that cannot be mixed', async () => {
    await withPeers([{ executor: classifier() }], async peer => {
      const ask = async (output: string, code: 'replication' | 'nercc'): Promise<unknown[]> => {
        const { outcomes } = await peer.infer({ model: 'adder', queries, k: 2, n: 4, code, output })
        return outcomes.map(outcome => ('output' in outcome ? [...outcome.output.data] : outcome))
      }
      assert.deepEqual(await ask('sum', 'replication'), [[3], [8]])
      assert.deepEqual(await ask('class', 'replication'), [[1n], [0n]])
      await assert.rejects(ask('class', 'nercc'), { name: 'DtypeMismatchError', message: /use uncoded or replication/ })
    })
  })

  it('keeps its peer id where it is given a folder for its key', async () => {
    const identity = await mkdtemp(join(tmpdir(), 'splinemesh-'))
    const ids: string[] = []
    for (let i = 0; i < 2; i++) {
      await withPeers([{ identity }], async ({ id }) => {
        ids.push(id)
      })
    }
    await rm(identity, { recursive: true })
    assert.equal(ids[0], ids[1])
  })

  it('reaches a bootstrap peer that starts only later', async () => {
    const identity = await mkdtemp(join(tmpdir(), 'splinemesh-'))
    let address = ''
    await withPeers([{ identity }], async worker => {
      address = worker.addresses[0]
    })
    await withPeers([{ listen: [], bootstrap: [address] }], async master => {
      const listen = [address.slice(0, address.indexOf('/p2p/'))]
      await withPeers([{ identity, listen, executor: classifier() }], async () => {
        await master.waitForWorkers({ model: 'adder', signal: AbortSignal.timeout(10_000) })
      })
    })
    await rm(identity, { recursive: true })
  })

  it('remembers how fast workers answered where it is given a folder for its key', async () => {
    const identity = await mkdtemp(join(tmpdir(), 'splinemesh-'))
    await withPeers([{ executor: classifier() }], async worker => {
      const init = { identity, listen: [], bootstrap: worker.addresses }
      await withPeers([init], async master => {
        await master.infer({ model: 'adder', queries, k: 2, n: 2 })
      })
      await withPeers([init], async master => {
        await master.waitForWorkers({ model: 'adder', signal: AbortSignal.timeout(10_000) })
        const [{ times, models }] = master.workers()
        assert.ok(times[models[0].id].p50 > 0, JSON.stringify(times))
      })
      await writeFile(join(identity, 'fleet.json'), '{"a":')
      await withPeers([init], async master => {
        await master.waitForWorkers({ model: 'adder', signal: AbortSignal.timeout(10_000) })
        assert.deepEqual(master.workers()[0].times, {}, 'a damaged file is no memory')
      })
    })
    await rm(identity, { recursive: true })
  })

  it('works as a service inside a libp2p node of somebody else', async () => {
    await withPeers([{ executor: classifier() }], async worker => {
      const node = await createLibp2p({
        transports: [tcp()],
        connectionEncrypters: [noise()],
        streamMuxers: [yamux()],
        services: { identify: identify(), codedInference: codedInference() }
      })
      try {
        await node.dial(multiaddr(worker.addresses[0]))
        const { status } = await node.services.codedInference.predict(queries[0], { model: 'adder', k: 1, n: 1 })
        assert.equal(status, 'exact')
      } finally {
        await node.stop()
      }
    })
  })

  it('stops while a model runs: the call ends by name, the run is awaited', async () => {
    let ended = false
    const started = Promise.withResolvers<void>()
    const finish = Promise.withResolvers<void>()
    const executor = functionExecutor({
      models: [
        {
          name: 'slow',
          signature: SIGNATURE,
          async run() {
            started.resolve()
            await finish.promise
            ended = true
            return { sum: Tensor.float32([0], [1, 1]), logits: Tensor.float32([0, 0], [1, 2]) }
          }
        }
      ]
    })
    const peer = await createPeer({ executor })
    const asked = peer.infer({ model: 'slow', queries, k: 2, n: 2, code: 'uncoded', deadline: 10_000 })
    await started.promise
    const stopped = peer.stop()
    await assert.rejects(asked, { name: 'PeerStoppedError' })
    finish.resolve()
    await stopped
    assert.ok(ended, 'stop() resolves only after the run has ended')
  })

  it('says which port is taken', async () => {
    await withPeers([{}], async ({ addresses: [address] }) => {
      const listen = [address.slice(0, address.indexOf('/p2p/'))]
      await assert.rejects(createPeer({ listen }), {
        name: 'PortInUseError',
        code: 'ERR_PORT_IN_USE',
        message: /^listen EADDRINUSE[^\n]*$/
      })
    })
  })

  it('says that an address is not one of this machine', async () => {
    await assert.rejects(createPeer({ listen: ['/ip4/192.0.2.1/tcp/0'] }), { name: 'ListenError', code: 'ERR_LISTEN' })
  })

  it('refuses a folder in which it cannot keep its key', async () => {
    await assert.rejects(createPeer({ identity: '/dev/null/key' }), {
      name: 'InvalidOptionError',
      message: /cannot keep the private key/
    })
  })

  it('refuses addresses that it could not dial', async () => {
    await assert.rejects(createPeer({ bootstrap: ['somewhere'] }), { name: 'InvalidOptionError' })
    await assert.rejects(createPeer({ bootstrap: ['/ip4/127.0.0.1/tcp/4001'] }), {
      name: 'InvalidOptionError',
      message: /p2p/
    })
  })

  it('refuses calls once it is stopped', async () => {
    const peer = await createPeer({ executor: classifier() })
    await peer.stop()
    await assert.rejects(peer.infer({ model: 'adder', queries }), { name: 'PeerStoppedError' })
  })
})

describe('a peer that is asked badly', () => {
  let peer: Peer
  before(async () => {
    peer = await createPeer({ executor: classifier() })
  })
  after(() => peer.stop())

  const cases: Array<[string, Partial<InferRequest>, string]> = [
    ['no queries', { queries: [] }, 'NoQueriesError'],
    ['a tensor without rows', { queries: Tensor.float32([], [0, 2]) }, 'NoQueriesError'],
    ['a query of another shape', { queries: [queries[0], Tensor.float32([1, 2, 3], [1, 3])] }, 'ShapeMismatchError'],
    [
      'queries that differ in a free axis',
      { queries: [queries[0], Tensor.float32([1, 2, 3, 4], [2, 2])] },
      'ShapeMismatchError'
    ],
    ['a query of another dtype', { queries: [new Tensor('int32', [1, 2], Int32Array.of(1, 2))] }, 'DtypeMismatchError'],
    ['a query with NaN', { queries: [Tensor.float32([1, Number.NaN], [1, 2])] }, 'NotFiniteError'],
    ['a query with an infinity', { queries: [Tensor.float32([Infinity, 1], [1, 2])] }, 'NotFiniteError'],
    ['an input that the model does not have', { queries: [{ y: queries[0] }] }, 'SignatureMismatchError'],
    ['an output that the model does not have', { output: 'softmax' }, 'InvalidOptionError'],
    ['K < 1', { k: 0 }, 'InvalidCodeError'],
    ['a K that is no whole number', { k: 1.5 }, 'InvalidCodeError'],
    ['N < K for replication', { k: 4, n: 3, code: 'replication' }, 'InvalidCodeError'],
    ['N > K without a code', { k: 4, n: 5, code: 'uncoded' }, 'InvalidCodeError'],
    ['a negative λ', { code: { name: 'nercc', lambdaDecode: -1 }, n: 8 }, 'InvalidCodeError'],
    ['more stragglers than workers', { k: 2, n: 4, stragglers: 4 }, 'InvalidPlanError'],
    ['a deadline that is no time', { deadline: Number.NaN }, 'InvalidPlanError'],
    ['no group at a time', { concurrency: 0 }, 'InvalidOptionError'],
    ['a model that nobody serves', { model: 'nobody', deadline: 50 }, 'NoWorkersError']
  ]
  for (const [what, change, name] of cases) {
    it(`throws a ${name} for ${what}`, async () => {
      await assert.rejects(peer.infer({ model: 'adder', queries, ...change }), error => {
        assert.ok(error instanceof Error)
        assert.equal(error.name, name, error.message)
        assert.match('code' in error ? String(error.code) : '', /^ERR_/)
        return true
      })
    })
  }

  it('throws an UnknownCodeError that names the codes there are', async () => {
    const request = { model: 'adder', queries, code: 'fountain' }
    await assert.rejects(peer.infer(request as InferRequest), { name: 'UnknownCodeError', message: /nercc/ })
  })
})

describe('workers that cannot be trusted to be alike', () => {
  it('never mixes two models of one name: the caller must say which', async () => {
    const other = (name: string, bias: number): Executor => {
      const [model] = [
        functionExecutor({ models: [{ name, signature: SIGNATURE, run: () => ({}), id: String(bias).repeat(64) }] })
      ]
      return model
    }
    await withPeers([{ executor: other('digits', 1) }, { executor: other('digits', 2) }], async (a, b) => {
      const master = await createPeer({ listen: [], bootstrap: [...a.addresses, ...b.addresses] })
      try {
        await master.waitForWorkers({ model: '1'.repeat(64), signal: AbortSignal.timeout(5000) })
        await master.waitForWorkers({ model: '2'.repeat(64), signal: AbortSignal.timeout(5000) })
        await assert.rejects(master.infer({ model: 'digits', queries, k: 2, n: 2, code: 'uncoded' }), {
          name: 'AmbiguousModelError',
          message: /digits@111111111111 or digits@222222222222/
        })
        const { groups } = await master.infer({
          model: 'digits@2',
          queries,
          k: 2,
          n: 2,
          code: 'uncoded',
          deadline: 300
        })
        assert.deepEqual(new Set(groups[0].tasks.map(({ worker }) => worker)), new Set([b.id]))
      } finally {
        await master.stop()
      }
    })
  })

  it('answers by the deadline although a worker takes the stream and never says a word', async () => {
    const mute = await createLibp2p({
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      services: { identify: identify() }
    })
    await mute.handle(INFER_PROTOCOL, () => {})
    try {
      await withPeers([{ executor: classifier() }], async worker => {
        const bootstrap = [...worker.addresses, ...mute.getMultiaddrs().map(String)]
        const master = await createPeer({ listen: [], bootstrap })
        try {
          const { outcomes } = await master.infer({ model: 'adder', queries, k: 2, n: 4, deadline: 3000 })
          assert.ok(outcomes.every(({ status }) => status === 'exact'))
        } finally {
          await master.stop()
        }
      })
    } finally {
      await mute.stop()
    }
  })
})
