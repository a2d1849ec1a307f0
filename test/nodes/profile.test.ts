import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { calibrate, createPeer, type InferOptions, type Peer, ProfileMismatchError } from '../../nodes/index.ts'
import {
  type CalibratedCode,
  orderQueries,
  type Profile,
  profileCode,
  profileDecoder,
  reorder,
  restoreOrder
} from '../../src/codes/index.ts'
import type { NamedTensors } from '../../src/models/index.ts'
import { functionExecutor } from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { CLASSES, synthetic } from '../codes/synthetic.ts'

const INPUTS = 16

describe('a peer that is given a profile', () => {
  const source = synthetic(5)
  const queries = Array.from({ length: 120 }, () => Tensor.float32(source.query(), [1, INPUTS]))
  let peer: Peer
  let profile: Profile
  let plan: CalibratedCode

  before(async () => {
    const executor = functionExecutor({
      models: ['smooth', 'other'].map(name => ({
        name,
        signature: {
          inputs: [{ name: 'x', dtype: 'float32', shape: [null, INPUTS] }],
          outputs: [{ name: 'logits', dtype: 'float32', shape: [null, CLASSES] }]
        },
        run({ x }: NamedTensors) {
          const [count] = x.shape
          const rows = Array.from({ length: count }, (_, i) => source.model(x.row(i).data as Float32Array))
          return {
            logits: Tensor.float32(
              rows.flatMap(row => [...row]),
              [count, CLASSES]
            )
          }
        }
      }))
    })
    peer = await createPeer({ executor, listen: [] })
    ;({ profile } = await calibrate({
      executor,
      model: 'smooth',
      data: queries,
      plans: [
        { k: 4, n: 8 },
        { k: 4, n: 12, code: { name: 'nercc', lambdaEncode: 0, lambdaDecode: 0 } }
      ],
      groups: 10
    }))
    ;[plan] = profile.plans
  })

  after(() => peer?.stop())

  const infer = (count: number, more: Partial<InferOptions> = {}) =>
    peer.infer({
      model: 'smooth',
      queries: queries.slice(0, count),
      profile,
      n: 8,
      stragglers: 0,
      deadline: 10_000,
      ...more
    })

  it('codes as it says and decodes by its decoder, in the caller’s order', async () => {
    const { outcomes, groups } = await infer(4)
    assert.deepEqual(
      groups.map(({ k, n, code, survivors }) => ({ k, n, code, survivors: survivors.length })),
      [{ k: 4, n: 8, code: 'nercc', survivors: 8 }]
    )
    const group = queries.slice(0, 4).map(({ data }) => data as Float32Array)
    const order = orderQueries(plan.order, group)
    const results = codedBy(plan, reorder(group, order)).map(query => Tensor.float32(source.model(query)))
    const decoded = restoreOrder(
      profileDecoder(plan)
        .select([...results.keys()])
        .apply(results),
      order
    )
    outcomes.forEach((outcome, q) => {
      assert.ok(outcome.status === 'reconstructed', `query ${q} is ${outcome.status}`)
      assertClose(outcome.output.data as Float32Array, decoded[q]?.data as Float32Array)
    })
  })

  it('says of each reconstructed prediction what is to be expected of it', async () => {
    const { outcomes } = await infer(4)
    const expected = outcomes.map(outcome => (outcome.status === 'reconstructed' ? outcome.expected : undefined))
    for (const one of expected) {
      assert.ok(one !== undefined && one.error > 0, `error ${one?.error}`)
      assert.ok(one.agreement !== undefined && one.agreement >= 0 && one.agreement <= 1, `agreement ${one.agreement}`)
    }
    assert.equal(new Set(expected.map(one => one?.error)).size, 4, 'each has its own')
  })

  it('waits until the quality that is asked for is reached, and says of which predictions it never is', async () => {
    const little = await infer(4, { quality: 0.01 })
    assert.equal(little.groups[0].stop, 'quality')
    assert.ok(little.outcomes.every(outcome => !('belowQuality' in outcome)))
    const all = await infer(6, { quality: 1 })
    for (const [q, outcome] of all.outcomes.entries()) {
      assert.ok(outcome.status === 'reconstructed', `query ${q} is ${outcome.status}`)
      const reached = outcome.expected?.agreement === 1
      assert.equal(outcome.belowQuality, reached ? undefined : true, `query ${q}`)
    }
    assert.equal(
      all.groups[1].stop,
      'exhausted',
      'nobody knows anything of the smaller group, so all of it is waited for'
    )
  })

  it('decodes a smaller last group by the code alone, and expects nothing of it', async () => {
    const { outcomes, groups } = await infer(6)
    assert.deepEqual(
      groups.map(({ k, n }) => ({ k, n })),
      [
        { k: 4, n: 8 },
        { k: 2, n: 4 }
      ]
    )
    assert.deepEqual(
      outcomes.map(outcome => outcome.status === 'reconstructed' && outcome.expected !== undefined),
      [true, true, true, true, false, false]
    )
  })

  it('answers single queries by it too', async () => {
    const options = { model: 'smooth', profile, n: 8, stragglers: 0, maxWait: 5_000, deadline: 10_000 }
    const predictions = await Promise.all(queries.slice(0, 4).map(query => peer.predict(query, options)))
    const batch = await infer(4)
    assert.deepEqual(
      predictions.map(({ expected }) => expected),
      batch.outcomes.map(outcome => 'expected' in outcome && outcome.expected)
    )
  })

  it('takes the plan that fits what is asked for', async () => {
    const { groups } = await infer(4, { n: 12 })
    assert.equal(groups[0].n, 12)
    const single = { ...profile, plans: [plan] }
    assert.equal((await infer(4, { profile: single, n: undefined })).groups[0].n, 8)
  })

  it('takes options that say the same', async () => {
    const { outcomes } = await infer(4, { k: 4, n: 8, code: 'nercc', order: 'path', output: 'logits' })
    assert.ok(outcomes.every(({ status }) => status === 'reconstructed'))
  })

  const refusals: Array<{ what: string; more: Partial<InferOptions>; message: RegExp }> = [
    { what: 'another model', more: { model: 'other' }, message: /the profile is of the model \w{12}, and 'other' is/ },
    {
      what: 'another K',
      more: { k: 3 },
      message: /no plan of the profile has k 3, n 8; it has: nercc \(k 4, n 8\), order/
    },
    { what: 'another N', more: { n: 9 }, message: /no plan of the profile has n 9; it has: .*; nercc \(k 4, n 12\)/ },
    { what: 'another code', more: { code: 'bacc' }, message: /no plan of the profile has code bacc, n 8/ },
    {
      what: 'another layout',
      more: { code: { name: 'nercc', layout: 'systematic' } },
      message: /no plan of the profile has code nercc, layout systematic, n 8/
    },
    { what: 'another order', more: { order: 'none' }, message: /no plan of the profile has n 8, order none/ },
    { what: 'another output', more: { output: 'p' }, message: /is of output logits, and p is asked for/ },
    { what: 'to choose between plans', more: { n: undefined }, message: /2 plans of the profile have nothing said/ }
  ]
  for (const { what, more, message } of refusals) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(
        infer(4, more),
        error => error instanceof ProfileMismatchError && message.test(error.message)
      )
    })
  }
})

function codedBy(plan: CalibratedCode, group: readonly Float32Array[]): Float32Array[] {
  const { n, k, encodingMatrix } = profileCode(plan)
  return Array.from({ length: n }, (_, i) =>
    group[0].map((_, x) => group.reduce((sum, query, q) => sum + encodingMatrix[i * k + q] * query[x], 0))
  )
}

function assertClose(got: Float32Array, wanted: Float32Array): void {
  assert.equal(got.length, wanted.length)
  got.forEach((value, c) => {
    assert.ok(Math.abs(value - wanted[c]) < 1e-3, `class ${c}: ${value}, expected ${wanted[c]}`)
  })
}
