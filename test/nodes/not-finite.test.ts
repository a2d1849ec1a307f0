import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createPeer } from '../../nodes/index.ts'
import type { ModelSignature } from '../../src/models/index.ts'
import { type Executor, functionExecutor } from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'

const signature: ModelSignature = {
  inputs: [{ name: 'x', dtype: 'float32', shape: [null, 2] }],
  outputs: [{ name: 'y', dtype: 'float32', shape: [null, 2] }]
}
const query = Tensor.float32([1, 2], [1, 2])

/** Two workers of it have the same model, whatever they answer. */
function answering(y: number[]): Executor {
  return functionExecutor({ models: [{ name: 'two', signature, run: () => ({ y: Tensor.float32(y, [1, 2]) }) }] })
}

describe('results that hold NaN or an infinity', () => {
  for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY]) {
    it(`never reach a caller over the wire: ${wrong}`, async () => {
      const workers = [await createPeer({ executor: answering([1, wrong]) })]
      const master = await createPeer({ listen: [], bootstrap: workers.flatMap(({ addresses }) => addresses) })
      const ask = (n: number) =>
        master.infer({ model: 'two', queries: [query], k: 1, n, code: 'replication', stragglers: 0, deadline: 10_000 })
      try {
        await master.waitForWorkers({ model: 'two', signal: AbortSignal.timeout(10_000) })
        const [alone] = (await ask(1)).outcomes
        assert.equal(alone.status, 'failed')

        workers.push(await createPeer({ executor: answering([1, 3]) }))
        await master.libp2p.dial(workers[1].libp2p.getMultiaddrs())
        await master.waitForWorkers({ model: 'two', count: 2, signal: AbortSignal.timeout(10_000) })
        const [beside] = (await ask(2)).outcomes
        assert.equal(beside.status, 'exact')
        assert.deepEqual(beside.output.data, Float32Array.of(1, 3))
      } finally {
        await Promise.all([master, ...workers].map(peer => peer.stop()))
      }
    })
  }
})
