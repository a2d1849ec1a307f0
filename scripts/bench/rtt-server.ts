/**
 * The entry of the process that is asked: a splinemesh worker with an echo model, and on the same libp2p node the bare echo.
 * It says its address over IPC, and ends with the channel to the process that forked it.
 */
import { once } from 'node:events'
import { createPeer } from '../../nodes/index.ts'
import { functionExecutor } from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { BARE_PROTOCOL, readFrames, sendFrame } from './bare-echo.ts'
import { ECHO, FLOATS } from './echo-model.ts'
import { ThreadHop } from './thread-hop.ts'

const parted = once(process, 'disconnect')
const hop = new ThreadHop()
const executor = functionExecutor({
  models: [
    {
      name: ECHO,
      signature: {
        inputs: [{ name: 'x', dtype: 'float32', shape: [null, FLOATS] }],
        outputs: [{ name: 'y', dtype: 'float32', shape: [null, FLOATS] }]
      },
      run: async ({ x }) => ({ y: Tensor.fromBytes(x.dtype, x.shape, await hop.through(x.bytes)) })
    }
  ]
})
const peer = await createPeer({ executor })
await peer.libp2p.handle(BARE_PROTOCOL, stream => {
  readFrames(stream, bytes => {
    hop.through(bytes).then(echoed => sendFrame(stream, echoed))
  })
})
process.send?.(peer.addresses[0])
await parted
await peer.stop()
await hop.stop()
