/** Two peers that know nothing of each other but multicast. To be run in a network namespace of its own. */
import { createPeer } from '../../nodes/index.ts'
import { functionExecutor } from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'

const listen = ['/ip4/127.0.0.1/tcp/0']
const signature = {
  inputs: [{ name: 'x', dtype: 'float32', shape: [null, 1] }],
  outputs: [{ name: 'y', dtype: 'float32', shape: [null, 1] }]
} as const
const executor = functionExecutor({ models: [{ name: 'echo', signature, run: ({ x }) => ({ y: x }) }] })
const worker = await createPeer({ listen, mdns: true, executor })
const master = await createPeer({ listen, mdns: true })
try {
  await master.waitForWorkers({ model: 'echo', signal: AbortSignal.timeout(20_000) })
  const { status } = await master.predict(Tensor.float32([1], [1, 1]), { model: 'echo', k: 1, n: 1 })
  console.log(`found by multicast: ${status}`)
} finally {
  await master.stop()
  await worker.stop()
}
