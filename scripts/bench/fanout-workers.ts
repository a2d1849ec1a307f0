/**
 * The entry of a process with many workers, each a libp2p node of its own whose model answers with one number. It says their
 * addresses over IPC, and ends with the channel to the process that forked it. Its argument: how many.
 */
import { once } from 'node:events'
import { createPeer } from '../../nodes/index.ts'
import { functionExecutor } from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { BARE_COUNT, frameOf, readStream } from './framed.ts'
import { COUNT, COUNT_SIGNATURE } from './wire-models.ts'

const parted = once(process, 'disconnect')
const count = Number(process.argv[2])
const peers = []
for (let i = 0; i < count; i++) {
  const run = () => ({ n: new Tensor('int32', [1], new Int32Array(1)) })
  const executor = functionExecutor({ models: [{ name: COUNT, signature: COUNT_SIGNATURE, run }] })
  const peer = await createPeer({ executor, encrypter: 'tls' })
  await peer.libp2p.handle(BARE_COUNT, stream => {
    readStream(stream, () => void stream.send(frameOf(new Uint8Array(4))))
  })
  peers.push(peer)
}
process.send?.(peers.map(({ addresses }) => addresses[0]))
await parted
for (const peer of peers) {
  await peer.stop()
}
