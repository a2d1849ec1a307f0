import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Features } from '../../nodes/features.ts'
import { createPeer, type InferOptions, InvalidOptionError, type Peer } from '../../nodes/index.ts'
import { encode, linearDecoder, nercc, orderQueries, reorder, restoreOrder, softmax } from '../../src/codes/index.ts'
import { InvalidPlanError } from '../../src/inference/index.ts'
import type { ModelSignature, NamedTensors } from '../../src/models/index.ts'
import { admission, type Executor, functionExecutor } from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { CLASSES, synthetic } from '../codes/synthetic.ts'

const INPUTS = 16
const [K, N] = [6, 12]

describe('queries that are ordered by features', () => {
  const source = synthetic(5)
  const queries = Array.from({ length: K }, () => Tensor.float32(source.query(), [1, INPUTS]))
  const signature: ModelSignature = {
    inputs: [{ name: 'x', dtype: 'float32', shape: [null, INPUTS] }],
    outputs: [{ name: 'logits', dtype: 'float32', shape: [null, CLASSES] }]
  }
  const executor = (name: string): Executor =>
    functionExecutor({
      models: [
        {
          name,
          signature,
          run({ x }: NamedTensors) {
            const rows = Array.from({ length: x.shape[0] }, (_, i) => source.model(x.row(i).data as Float32Array))
            return {
              logits: Tensor.float32(
                rows.flatMap(row => [...row]),
                [rows.length, CLASSES]
              )
            }
          }
        }
      ]
    })
  let peer: Peer
  before(async () => {
    peer = await createPeer({ executor: executor('smooth'), listen: [] })
  })
  after(() => peer?.stop())

  const infer = (more: Partial<InferOptions>) =>
    peer.infer({ model: 'smooth', queries, code: 'nercc', k: K, n: N, stragglers: 0, deadline: 10_000, ...more })
  /** Far from what is a short path through the inputs. */
  const last = (query: NamedTensors) => Float32Array.of(Number(query.x.data[INPUTS - 1]))

  it('are coded along a path through what the function of their owner gives, and come back as they were asked', async () => {
    const { outcomes } = await infer({ order: 'path', features: last })
    const order = orderQueries(
      'path',
      queries.map(x => last({ x }))
    )
    assert.notDeepEqual(
      order,
      orderQueries(
        'path',
        queries.map(({ data }) => data as Float32Array)
      )
    )
    const code = nercc({ k: K, n: N })
    const results = encode(code, reorder(queries, order)).map(({ data }) =>
      Tensor.float32(source.model(data as Float32Array))
    )
    const decoded = restoreOrder(
      linearDecoder(code)
        .select([...results.keys()])
        .apply(results),
      order
    )
    outcomes.forEach((outcome, q) => {
      assert.ok(outcome.status === 'reconstructed', `query ${q} is ${outcome.status}`)
      const expected = decoded[q]?.data as Float32Array
      expected.forEach((value, c) => {
        assert.ok(Math.abs(Number(outcome.output.data[c]) - value) < 1e-3, `query ${q}, class ${c}`)
      })
    })
  })

  it('have the output of a companion as features, the softmax of its logits', async () => {
    const own = executor('small')
    await own.start()
    const companions = admission({ executor: own })
    const features = new Features({ companions, now: () => performance.now() })
    const many = Array.from({ length: 70 }, () => ({ x: Tensor.float32(source.query(), [1, INPUTS]) }))
    await features.learn('small', many, 10_000)
    for (const query of many) {
      assert.deepEqual(features.of(query), softmax(source.model(query.x.data as Float32Array)))
    }
    await assert.rejects(features.learn('none', many, 10_000), InvalidOptionError)
    await companions.stop()
    await own.stop()
  })

  it('are refused where there is no order that features could make', async () => {
    await assert.rejects(infer({ features: last }), InvalidPlanError)
    await assert.rejects(infer({ features: 'small', order: 'path' }), /'small' is none of this peer's, which are: none/)
  })
})
