import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  calibrateParities,
  createPeer,
  InvalidOptionError,
  type Peer,
  ProfileMismatchError
} from '../../nodes/index.ts'
import type { ModelSignature, NamedTensors } from '../../src/models/index.ts'
import { InvalidCompanionProfileError, type ParityProfile, parseParityProfile } from '../../src/profiles/index.ts'
import { functionExecutor } from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'

const SIGNATURE: ModelSignature = {
  inputs: [{ name: 'x', dtype: 'float32', shape: [null, 3] }],
  outputs: [{ name: 'softmax', dtype: 'float32', shape: [null, 3] }]
}

/** An affine model, which is its own parity model; as the deployed one and as one of another name, so of another id. */
function model(name: string, over?: Promise<never>) {
  return {
    name,
    signature: SIGNATURE,
    run: ({ x }: NamedTensors): NamedTensors | Promise<NamedTensors> =>
      over ?? {
        softmax: Tensor.float32(
          [...x.data].map(value => 2 * Number(value) - 1),
          x.shape
        )
      }
  }
}

/** The mean square of an image of two rows that are alike: that of a mosaic is the mean of those of its tiles. */
function energyModel(name: string, over?: Promise<never>) {
  return {
    name,
    signature: {
      inputs: [{ name: 'x', dtype: 'float32', shape: [null, 1, 2, 2] }],
      outputs: [{ name: 'energy', dtype: 'float32', shape: [null, 1] }]
    } satisfies ModelSignature,
    run: ({ x }: NamedTensors): NamedTensors | Promise<NamedTensors> =>
      over ?? {
        energy: Tensor.float32(
          Array.from({ length: x.shape[0] }, (_, i) => energy(x.row(i))),
          [x.shape[0], 1]
        )
      }
  }
}

function energy({ data }: Tensor): number {
  return [...data].reduce<number>((sum, value) => sum + Number(value) ** 2 / data.length, 0)
}

function imageOf(a: number, b: number): Tensor {
  return Tensor.float32([a, b, a, b], [1, 2, 2])
}

const names = ['deployed', 'parity', 'second']
const data = Array.from({ length: 120 }, (_, i) => Tensor.float32([i % 7, (i * i) % 11, (3 * i) % 5]))

async function calibrated(parities = ['parity']): Promise<ParityProfile> {
  const executor = functionExecutor({ models: names.map(name => model(name)) })
  await executor.start()
  return calibrateParities({ executor, model: 'deployed', parities, k: 2, data, groups: 50 })
}

/** Workers, each with its models; a worker of `stalled` takes tasks and never answers. */
async function mesh(
  workers: ReadonlyArray<{ serves: readonly string[]; stalled?: true }>,
  use: (master: Peer) => Promise<void>,
  make: typeof model | typeof energyModel = model
): Promise<void> {
  const over = Promise.withResolvers<never>()
  over.promise.catch(() => {})
  const peers = await Promise.all(
    workers.map(({ serves, stalled }) =>
      createPeer({
        executor: functionExecutor({ models: serves.map(name => make(name, stalled && over.promise)), slots: 4 })
      })
    )
  )
  const master = await createPeer({ listen: [], bootstrap: peers.flatMap(({ addresses }) => addresses) })
  try {
    for (const name of new Set(workers.flatMap(({ serves }) => serves))) {
      const count = workers.filter(({ serves }) => serves.includes(name)).length
      await master.waitForWorkers({ model: name, count, signal: AbortSignal.timeout(20_000) })
    }
    await use(master)
  } finally {
    over.reject(new Error('the test is over'))
    await Promise.all([master, ...peers].map(peer => peer.stop()))
  }
}

const queries = [Tensor.float32([1, 2, 3]), Tensor.float32([40, 50, 60])]

describe('parity models on workers', () => {
  it('give the prediction of the query whose worker is slow, and it says what it is worth', async () => {
    const parity = await calibrated()
    const workers = [{ serves: ['deployed'], stalled: true as const }, { serves: ['deployed'] }, { serves: ['parity'] }]
    await mesh(workers, async master => {
      const { outcomes, groups } = await master.infer({ model: 'deployed', queries, parity, deadline: 20_000 })
      assert.deepEqual(outcomes.map(outcome => 'source' in outcome && outcome.source).sort(), ['decoded', 'exact'])
      outcomes.forEach((outcome, i) => {
        assert.ok(outcome.status !== 'failed')
        const own = [...queries[i].data].map(value => 2 * Number(value) - 1)
        outcome.output.data.forEach((value, j) => {
          assert.ok(Math.abs(Number(value) - own[j]) < 1e-3, `query ${i} has ${outcome.output.data}, not ${own}`)
        })
        assert.equal(outcome.expected?.error !== undefined, outcome.source === 'decoded')
      })
      const [{ stop, code, k, n, tasks }] = groups
      assert.deepEqual({ stop, code, k, n }, { stop: 'enough', code: 'parm', k: 2, n: 3 })
      assert.deepEqual(tasks.map(({ role, status }) => `${role} ${status}`).sort(), [
        'parity result',
        'query cancelled',
        'query result'
      ])
    })
  })

  it('solve for two that are missing, where there are two models', async () => {
    const parity = await calibrated(['parity', 'second'])
    const workers = [{ serves: ['deployed'], stalled: true as const }, { serves: ['parity'] }, { serves: ['second'] }]
    await mesh(workers, async master => {
      const { outcomes } = await master.infer({ model: 'deployed', queries, parity, deadline: 20_000 })
      outcomes.forEach((outcome, i) => {
        assert.ok(outcome.status === 'reconstructed')
        assert.ok(Math.abs(Number(outcome.output.data[2]) - (2 * Number(queries[i].data[2]) - 1)) < 1e-3)
      })
    })
  })

  it('are asked for in the way that they were trained for, or refused', async () => {
    const parity = await calibrated()
    await mesh([{ serves: ['deployed', 'second'] }], async master => {
      const ask = (more: object) => master.infer({ model: 'deployed', queries, parity, ...more })
      await assert.rejects(ask({ k: 3 }), ProfileMismatchError)
      await assert.rejects(ask({ code: 'nercc' }), ProfileMismatchError)
      await assert.rejects(ask({ model: 'second' }), ProfileMismatchError)
      await assert.rejects(ask({ code: 'parm', parity: undefined }), InvalidOptionError)
    })
  })
})

describe('a parity model of concatenated images', () => {
  const images = Array.from({ length: 120 }, (_, i) => imageOf(i % 7, (i * i) % 11))
  const init = { model: 'deployed', parities: ['parity'], k: 2, data: images, groups: 50 }

  async function profiled(concatenated: boolean): Promise<ParityProfile> {
    const executor = functionExecutor({ models: names.map(name => energyModel(name)) })
    await executor.start()
    return calibrateParities({ ...init, executor, concatenated })
  }

  it('is fed the images of a group as tiles of one, and gives the prediction that is missing', async () => {
    const parity = await profiled(true)
    assert.ok(parity.missing[0].error < 1e-6, `an error of ${parity.missing[0].error}`)
    const workers = [{ serves: ['deployed'], stalled: true as const }, { serves: ['deployed'] }, { serves: ['parity'] }]
    const asked = [imageOf(1, 2), imageOf(30, 40)]
    const use = async (master: Peer): Promise<void> => {
      const { outcomes } = await master.infer({ model: 'deployed', queries: asked, parity, deadline: 20_000 })
      assert.deepEqual(outcomes.map(outcome => 'source' in outcome && outcome.source).sort(), ['decoded', 'exact'])
      outcomes.forEach((outcome, i) => {
        assert.ok(outcome.status !== 'failed')
        assert.ok(Math.abs(Number(outcome.output.data[0]) - energy(asked[i])) < 1e-3, `query ${i}`)
      })
    }
    await mesh(workers, use, energyModel)
  })

  it('is worth what it is fed: of the mean of the images it would tell less', async () => {
    const { missing } = await profiled(false)
    assert.ok(missing[0].error > 1, `an error of ${missing[0].error}`)
  })

  it('has no encoder beside', async () => {
    const executor = functionExecutor({ models: names.map(name => energyModel(name)) })
    await executor.start()
    const both = { ...init, executor, concatenated: true, encoder: 'second' }
    await assert.rejects(calibrateParities(both), InvalidOptionError)
    const profile = await profiled(true)
    const wrong = JSON.stringify({ ...profile, encoder: { model: profile.model, output: 'coded' } })
    assert.throws(() => parseParityProfile(wrong), InvalidCompanionProfileError)
  })
})

describe('what parity models are worth', () => {
  it('is learned from what they reconstruct: nothing is lost by those that are exact', async () => {
    const { k, parities, missing } = await calibrated(['parity', 'second'])
    assert.equal(k, 2)
    assert.equal(parities.length, 2)
    for (const { error } of missing) assert.ok(error < 1e-6, `an error of ${error}`)
  })

  it('is read back as it was written, and refused if it is anything else', async () => {
    const profile = await calibrated()
    assert.deepEqual(parseParityProfile(JSON.stringify(profile)), profile)
    const wrong = [
      'no JSON',
      JSON.stringify({ ...profile, version: 2 }),
      JSON.stringify({ ...profile, missing: [] }),
      JSON.stringify({ ...profile, k: 1 }),
      JSON.stringify({
        ...profile,
        missing: [{ error: 1, agreement: { mean: 1, byLead: { from: [2, 1], to: [0, 1] } } }]
      })
    ]
    for (const text of wrong) assert.throws(() => parseParityProfile(text), InvalidCompanionProfileError, text)
  })

  it('is not learned from few queries, or of models that do not fit', async () => {
    const executor = functionExecutor({ models: names.map(name => model(name)) })
    await executor.start()
    const init = { executor, model: 'deployed', parities: ['parity'], k: 2, data }
    await assert.rejects(calibrateParities({ ...init, data: data.slice(0, 50) }), InvalidOptionError)
    await assert.rejects(calibrateParities({ ...init, parities: ['other'] }), InvalidOptionError)
  })
})
