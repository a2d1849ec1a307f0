/**
 * The entry of a process with many workers that enter a DHT through one bootstrap peer. Its arguments: how many
 * serve the model that is looked for, how many another, and the address. It tells the id of that model over IPC, and ends with
 * the channel to the process that forked it.
 */
import { once } from 'node:events'
import { multiaddr } from '@multiformats/multiaddr'
import { createPeer } from '../../nodes/index.ts'
import { functionExecutor } from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { COUNT, COUNT_SIGNATURE } from './wire-models.ts'

const parted = once(process, 'disconnect')
const [serving, others] = process.argv.slice(2, 4).map(Number)
const bootstrap = process.argv.slice(4)
const run = () => ({ n: new Tensor('int32', [1], new Int32Array(1)) })
const ids = new Set<string>()
const peers = []
for (let i = 0; i < serving + others; i++) {
  const name = i < serving ? COUNT : `${COUNT}-too`
  const executor = functionExecutor({ models: [{ name, signature: COUNT_SIGNATURE, run }] })
  const peer = await createPeer({ executor, bootstrap, dht: 'client' })
  await peer.libp2p.dial(bootstrap.map(address => multiaddr(address)))
  const [{ models }] = peer.workers()
  ids.add(models[0].id)
  peers.push(peer)
}
const [id] = ids
process.send?.(id)
await parted
await Promise.all(peers.map(peer => peer.stop()))
