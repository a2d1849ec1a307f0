import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { generateKey } from '@libp2p/pnet'
import { multiaddr } from '@multiformats/multiaddr'
import { parseMembers } from '../../nodes/declarations.ts'
import { createPeer, type Members, type Peer, type PeerInit, type Refusal } from '../../nodes/index.ts'
import { functionExecutor } from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'

const spec = { dtype: 'float32' as const, shape: [null, null] }

/** Sends back what it gets. */
const echo = () =>
  functionExecutor({
    models: [
      {
        name: 'echo',
        signature: { inputs: [{ name: 'x', ...spec }], outputs: [{ name: 'y', ...spec }] },
        run: ({ x }) => ({ y: x })
      }
    ]
  })

const request = { model: 'echo', queries: [Tensor.float32([1, 2], [1, 2])], k: 1, n: 1 }

function networkKey(): Uint8Array {
  const key = new Uint8Array(95)
  generateKey(key)
  return key
}

/** Folders with keys, so that peer ids are known before the peers start. */
async function identities(folder: string, names: readonly string[]) {
  return Object.fromEntries(
    await Promise.all(
      names.map(async name => {
        const identity = path.join(folder, name)
        const peer = await createPeer({ listen: [], identity })
        await peer.stop()
        return [name, { identity, id: peer.id }] as const
      })
    )
  )
}

async function withPeers(inits: PeerInit[], use: (...peers: Peer[]) => Promise<void>): Promise<void> {
  const peers: Peer[] = []
  try {
    for (const init of inits) peers.push(await createPeer(init))
    await use(...peers)
  } finally {
    await Promise.all(peers.map(peer => peer.stop()))
  }
}

/**
 * Connects, or is refused: some refusals come only after the dial. What another key makes of a handshake may read as the start
 * of a long message, and is waited for.
 */
async function connects(from: Peer, to: Peer): Promise<boolean> {
  try {
    const connection = await from.libp2p.dial(multiaddr(to.addresses[0]), { signal: AbortSignal.timeout(1000) })
    await connection.newStream('/ipfs/id/1.0.0')
    return true
  } catch {
    return false
  }
}

describe('a private fleet with a network key', () => {
  it('answers peers that have the key, large tensors included', async () => {
    const key = networkKey()
    await withPeers(
      [{ executor: echo(), privateFleet: { key } }, { privateFleet: { key } }],
      async (worker, master) => {
        await master.libp2p.dial(multiaddr(worker.addresses[0]))
        const large = Tensor.float32(
          Float32Array.from({ length: 1e6 }, (_, i) => i),
          [1, 1e6]
        )
        const { outcomes } = await master.infer({ ...request, queries: [large], deadline: 20_000 })
        const [outcome] = outcomes
        assert.ok(outcome.status === 'exact', JSON.stringify(outcome))
        assert.ok(Buffer.from(outcome.output.data.buffer).equals(Buffer.from(large.data.buffer)))
      }
    )
  })

  it('gives nothing to peers with another key or none, and says so once', async () => {
    const refusals: Refusal[] = []
    const fleet = { key: networkKey(), refused: (refusal: Refusal) => refusals.push(refusal) }
    const strangers = [{ privateFleet: { key: networkKey() } }, {}]
    await withPeers([{ executor: echo(), privateFleet: fleet }, ...strangers], async (worker, ...others) => {
      for (const other of [...others, ...others]) {
        assert.equal(await connects(other, worker), false)
      }
      assert.deepEqual(refusals, [
        { who: '127.0.0.1', why: 'the handshake failed: it has another network key, or none' }
      ])
    })
  })

  it('refuses to start with a key that is none', async () => {
    await assert.rejects(createPeer({ privateFleet: { key: new Uint8Array(32) } }), {
      name: 'InvalidOptionError',
      message: /splinemesh key network/
    })
  })
})

describe('a private fleet with a list of members', () => {
  let folder = ''
  let known: Awaited<ReturnType<typeof identities>>
  let members: Members

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'splinemesh-'))
    known = await identities(folder, ['worker', 'master', 'both'])
    members = {
      [known.worker.id]: ['worker'],
      [known.master.id]: ['master'],
      [known.both.id]: ['master', 'worker']
    }
  })

  after(() => rm(folder, { recursive: true }))

  const named = (name: string): PeerInit => ({ identity: known[name].identity })

  it('lets a member ask that is a master, and gives nothing to one that is not, saying so once', async () => {
    const refusals: Refusal[] = []
    const privateFleet = { members, refused: (refusal: Refusal) => refusals.push(refusal) }
    const serving = { ...named('both'), executor: echo(), privateFleet }
    await withPeers([serving, named('master'), named('worker')], async (both, master, worker) => {
      for (const each of [master, worker]) await each.libp2p.dial(multiaddr(both.addresses[0]))
      const { outcomes } = await master.infer(request)
      assert.equal(outcomes[0].status, 'exact')
      for (let i = 0; i < 2; i++) {
        await assert.rejects(worker.infer({ ...request, deadline: 700 }), { name: 'NoWorkersError' })
      }
      assert.deepEqual(refusals, [
        { who: `${worker.id} as master`, why: 'the list of members does not make it a master' }
      ])
    })
  })

  it('sends no task to a member that is no worker', async () => {
    const asking = { ...named('both'), privateFleet: { members } }
    const serving = ['worker', 'master'].map(name => ({ ...named(name), executor: echo() }))
    await withPeers([asking, ...serving], async (master, worker, other) => {
      for (const each of [worker, other]) assert.ok(await connects(each, master))
      await master.waitForWorkers({ model: 'echo', signal: AbortSignal.timeout(10_000) })
      const { groups } = await master.infer({ ...request, n: 4 })
      assert.deepEqual(new Set(groups[0].tasks.map(task => task.worker)), new Set([worker.id]))
    })
  })

  it('connects to nobody else, in either direction, and says so once of each', async () => {
    const refusals: Refusal[] = []
    const privateFleet = { members, refused: (refusal: Refusal) => refusals.push(refusal) }
    await withPeers([{ ...named('worker'), privateFleet }, {}, {}], async (member, ...strangers) => {
      for (const stranger of strangers) {
        assert.equal(await connects(stranger, member), false)
        assert.equal(await connects(member, stranger), false)
      }
      const why = 'it is not on the list of members'
      assert.deepEqual(
        refusals,
        strangers.map(({ id }) => ({ who: id, why }))
      )
    })
  })

  it('does not let a peer start that is not on its own list, or serves and is no worker there', async () => {
    await assert.rejects(createPeer({ privateFleet: { members } }), {
      name: 'InvalidMembersError',
      message: /is not on the list of members: give it an identity that lasts/
    })
    await assert.rejects(createPeer({ ...named('master'), executor: echo(), privateFleet: { members } }), {
      name: 'InvalidMembersError',
      message: /does not make it a worker/
    })
  })
})

describe('parseMembers', () => {
  it('reads peer ids with their roles', () => {
    const id = '12D3KooWCanctZRovpDhhugSsCN2pkWuCYrGWRQ29Jpjf966nLzY'
    assert.deepEqual(parseMembers(`${id}: [master, worker] # the desk\n`), { [id]: ['master', 'worker'] })
    assert.deepEqual(parseMembers(`${id}: []`), { [id]: [] })
  })

  it('refuses what is no list, no peer id, or no role', () => {
    const refused = (text: string, message: RegExp): void =>
      assert.throws(() => parseMembers(text), { name: 'InvalidMembersError', message })
    refused('- 12D3KooW', /wrong at its top/)
    refused('', /wrong at its top/)
    refused('12D3KooW: [boss]', /wrong at '12D3KooW\/0'/)
    refused('nobody: [master]', /'nobody' on the list of members is no peer id/)
    refused('a: [', /no YAML/)
  })
})
