import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { calibrate, createPeer, meshExecutor, type Peer } from '../../nodes/index.ts'
import { formatProfile } from '../../src/codes/index.ts'
import type { NamedTensors } from '../../src/models/index.ts'
import { type Executor, functionExecutor } from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { CLASSES, synthetic } from '../codes/synthetic.ts'

const INPUTS = 16
const BROKEN = 99
const source = synthetic(3)

/** A model that fails on rows that begin with `BROKEN`, and how many rows were run. */
function executor(counted = { rows: 0 }): Executor {
  return functionExecutor({
    models: [
      {
        name: 'smooth',
        signature: {
          inputs: [{ name: 'x', dtype: 'float32', shape: [null, INPUTS] }],
          outputs: [{ name: 'logits', dtype: 'float32', shape: [null, CLASSES] }]
        },
        run({ x }: NamedTensors) {
          const [count] = x.shape
          counted.rows += count
          const rows = Array.from({ length: count }, (_, i) => source.model(x.row(i).data as Float32Array))
          if (x.data[0] === BROKEN) {
            throw new Error('this row cannot be run')
          }
          return {
            logits: Tensor.float32(
              rows.flatMap(row => [...row]),
              [count, CLASSES]
            )
          }
        }
      }
    ]
  })
}

describe('the executor that is a mesh', () => {
  const counts = [{ rows: 0 }, { rows: 0 }]
  const peers: Peer[] = []
  let master: Peer

  before(async () => {
    for (const counted of counts) {
      peers.push(await createPeer({ executor: executor(counted), listen: ['/ip4/127.0.0.1/tcp/0'] }))
    }
    master = await createPeer({ listen: [], bootstrap: peers.flatMap(peer => peer.addresses) })
    await master.waitForWorkers({ model: 'smooth', count: 2, signal: AbortSignal.timeout(20_000) })
  })

  after(() => Promise.all([master, ...peers].map(peer => peer?.stop())))

  it('gives calibration the same profile as the model on this machine, and every worker its share', async () => {
    const data = Tensor.float32(Array.from({ length: 64 }, () => [...source.query()]).flat(), [64, INPUTS])
    const code = { name: 'nercc', lambdaEncode: 0, lambdaDecode: 0 } as const
    const asked = { model: 'smooth', data, plans: [{ k: 4, n: 8, code }], groups: 4 }
    const local = executor()
    await local.start()
    const here = await calibrate({ ...asked, executor: local })
    await local.stop()
    const there = await calibrate({ ...asked, executor: meshExecutor({ peer: master }) })
    assert.equal(formatProfile(there.profile), formatProfile(here.profile))
    assert.ok(
      counts.every(({ rows }) => rows > 0),
      `rows of each worker: ${counts.map(({ rows }) => rows)}`
    )
  })

  it('fails a batch with the error of a row that has no result', async () => {
    const mesh = meshExecutor({ peer: master, deadline: 2_000 })
    const [{ id }] = mesh.models
    const x = Tensor.float32(new Float32Array(2 * INPUTS).fill(1).fill(BROKEN, INPUTS), [2, INPUTS])
    await assert.rejects(mesh.run({ model: id, inputs: { x }, outputs: ['logits'] }), /this row cannot be run/)
  })
})
