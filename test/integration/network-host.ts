/**
 * One host of a network that a test made. Its arguments: what it does, how many workers it waits for, and addresses of peers that
 * it is to know. A worker and a relay say their addresses in a line and run until they are killed; a master says how many workers
 * answered it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { createPeer, type PeerInit } from '../../nodes/index.ts'
import { functionExecutor } from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'

const spec = { dtype: 'float32' as const, shape: [null, 1] }
const executor = functionExecutor({
  models: [
    {
      name: 'echo',
      signature: { inputs: [{ name: 'x', ...spec }], outputs: [{ name: 'y', ...spec }] },
      run: ({ x }) => ({ y: x })
    }
  ]
})

const everywhere = ['/ip4/0.0.0.0/tcp/0']
const ROLES: Record<string, PeerInit> = {
  worker: { listen: everywhere, mdns: true, executor },
  master: { listen: everywhere, mdns: true },
  relay: { listen: everywhere, relay: true, presence: true },
  'worker-behind': { listen: ['/p2p-circuit'], presence: true, executor },
  'master-beyond': { listen: [], presence: true }
}

const [role, wanted, ...bootstrap] = process.argv.slice(2)
const peer = await createPeer({ ...ROLES[role], bootstrap })

async function ask(count: number): Promise<void> {
  await peer.waitForWorkers({ model: 'echo', count, signal: AbortSignal.timeout(60_000) })
  const queries = Array.from({ length: count }, (_, i) => Tensor.float32([i], [1, 1]))
  const { outcomes, groups } = await peer.infer({ model: 'echo', queries, k: count, n: count, deadline: 20_000 })
  const workers = new Set(groups.flatMap(({ tasks }) => tasks.map(({ worker }) => worker)))
  const exact = outcomes.filter(({ status }) => status === 'exact').length
  console.log(`${exact} of ${count} answered by ${workers.size} workers`)
}

if (role.startsWith('master')) {
  await ask(Number(wanted))
  // told to go on, it asks again: the network has changed
  for await (const _ of process.stdin) {
    while (peer.workers().length > 0) await sleep(100)
    await ask(Number(wanted))
  }
  await peer.stop()
} else {
  console.log(peer.addresses.join(' '))
}
