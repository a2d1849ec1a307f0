import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { prometheusMetrics } from '@libp2p/prometheus-metrics'
import { Registry } from 'prom-client'
import { createPeer, type Peer } from '../../../nodes/index.ts'
import { functionExecutor } from '../../../src/runtime/index.ts'
import { Tensor } from '../../../src/tensor/index.ts'
import { gate, row, signature } from './peers.ts'

/** A master and a worker whose queue has no room, one of which counts; its metrics are one of a kind in a process. */
async function counting(
  role: 'master' | 'worker',
  use: (ask: Ask, held: ReturnType<typeof gate>, read: Read) => Promise<void>
): Promise<void> {
  const held = gate()
  const registry = new Registry()
  const metrics = prometheusMetrics({ registry, collectDefaultMetrics: false })
  const size = new Tensor('int32', [1], new Int32Array(1))
  const executor = functionExecutor({
    models: [{ name: 'echo', signature, run: async ({ x }) => ({ y: await held.run(x), size }) }]
  })
  const worker = await createPeer({ executor, maxQueued: 0, ...(role === 'worker' ? { metrics } : {}) })
  const bootstrap = worker.addresses
  const master = await createPeer({ listen: [], bootstrap, ...(role === 'master' ? { metrics } : {}) })
  try {
    await master.waitForWorkers({ model: 'echo', signal: AbortSignal.timeout(10_000) })
    const ask: Ask = options =>
      master.infer({
        ...options,
        model: 'echo',
        queries: [row(250)],
        k: 1,
        n: 1,
        code: 'uncoded',
        output: 'y',
        deadline: 20_000
      })
    await use(ask, held, async name => numberOf(await registry.metrics(), name))
  } finally {
    held.open()
    await master.stop()
    await worker.stop()
  }
}

type Ask = (options?: { signal?: AbortSignal }) => ReturnType<Peer['infer']>
type Read = (name: string) => Promise<number>

function numberOf(exposition: string, name: string): number {
  const line = exposition.split('\n').find(each => each.startsWith(`${name} `))
  return Number(line?.slice(name.length))
}

describe('libp2p’s metrics', () => {
  it('count at the worker bytes, the time of queue and run, and rejections by reason', async () => {
    await counting('worker', async (ask, held, read) => {
      const first = ask()
      await held.started
      const { outcomes } = await ask()
      assert.equal(outcomes[0].status, 'failed')
      assert.equal(await read('splinemesh_infer_in_flight_bytes{role="serving"}'), 1000)
      held.open()
      await first

      assert.equal(await read('splinemesh_infer_run_seconds_count'), 1)
      assert.equal(await read('splinemesh_infer_queue_seconds_count'), 1)
      assert.ok((await read('splinemesh_infer_rejections_total{reason="queue-full"}')) >= 1)
      const [received, sent] = [
        await read('splinemesh_infer_bytes_total{direction="received"}'),
        await read('splinemesh_infer_bytes_total{direction="sent"}')
      ]
      assert.ok(received > 2000, `two requests of 1000 bytes came, but ${received} bytes were counted`)
      assert.ok(sent > 1000, `one result of 1000 bytes left, but ${sent} bytes were counted`)
    })
  })

  it('count at the worker the time of a run that nobody waited for to its end', async () => {
    await counting('worker', async (ask, held, read) => {
      const giveUp = new AbortController()
      const asked = ask({ signal: giveUp.signal })
      await held.started
      assert.equal(await read('splinemesh_infer_wasted_seconds_total'), 0)
      giveUp.abort()
      await assert.rejects(asked, { name: 'AbortError' })
      // the worker has read the CANCEL when it has read what came after it
      const { outcomes } = await ask()
      assert.equal(outcomes[0].status, 'failed')
      held.open()
      // this one needs the slot, so the run has ended by then
      await ask()
      assert.ok((await read('splinemesh_infer_wasted_seconds_total')) > 0)
    })
  })

  it('count at the master what is in flight', async () => {
    await counting('master', async (ask, held, read) => {
      const first = ask()
      await held.started
      assert.equal(await read('splinemesh_infer_in_flight_requests{role="asked"}'), 1)
      assert.equal(await read('splinemesh_infer_in_flight_bytes{role="asked"}'), 1000)
      held.open()
      await first
      assert.equal(await read('splinemesh_infer_in_flight_requests{role="asked"}'), 0)
      assert.ok((await read('splinemesh_infer_bytes_total{direction="sent"}')) > 1000)
    })
  })
})
