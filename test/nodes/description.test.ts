import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  calibrateDescription,
  createPeer,
  type DescriptionProfile,
  InvalidOptionError,
  type Peer,
  ProfileMismatchError
} from '../../nodes/index.ts'
import type { NamedTensors } from '../../src/models/index.ts'
import { InvalidCompanionProfileError, parseDescriptionProfile } from '../../src/profiles/index.ts'
import { functionExecutor } from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'

const SIDE = 4

/** Says of each tile of an image how bright it is on average, as logits of dark and bright. */
function meter(name: string, tiles: number, over?: Promise<never>) {
  const size = SIDE / tiles
  const brightness = (pixels: ArrayLike<number | bigint>, row: number, column: number): number => {
    let sum = 0
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) sum += Number(pixels[(row * size + y) * SIDE + column * size + x])
    }
    return sum / size ** 2
  }
  return {
    name,
    signature: {
      inputs: [{ name: 'image', dtype: 'float32', shape: [null, 1, SIDE, SIDE] }],
      outputs: [{ name: 'logits', dtype: 'float32', shape: [null, 2] }]
    } as const,
    run({ image }: NamedTensors): NamedTensors | Promise<NamedTensors> {
      const rows = Array.from({ length: image.shape[0] }, (_, i) => image.row(i).data).flatMap(pixels =>
        Array.from({ length: tiles ** 2 }, (_, t) => brightness(pixels, Math.floor(t / tiles), t % tiles))
      )
      return (
        over ?? {
          logits: Tensor.float32(
            rows.flatMap(mean => [-mean, mean]),
            [rows.length, 2]
          )
        }
      )
    }
  }
}

function image(mean: number): Tensor {
  return Tensor.float32(
    Array.from({ length: SIDE ** 2 }, (_, i) => mean + (i % 3) - 1),
    [1, SIDE, SIDE]
  )
}

const data = Array.from({ length: 120 }, (_, i) => image((i % 9) - 4.4))

async function calibrated(): Promise<DescriptionProfile> {
  const executor = functionExecutor({ models: [meter('meter', 1), meter('tiles', 2)] })
  await executor.start()
  return calibrateDescription({ executor, model: 'meter', description: 'tiles', side: 2, data, groups: 100 })
}

/** Four workers with the model, of which one is silent, and one more with the description model. */
async function mesh(use: (master: Peer) => Promise<void>): Promise<void> {
  const over = Promise.withResolvers<never>()
  over.promise.catch(() => {})
  const workers = await Promise.all(
    [0, 1, 2, 3, 4].map(i =>
      createPeer({
        executor: functionExecutor({
          models: [i < 4 ? meter('meter', 1, i === 0 ? over.promise : undefined) : meter('tiles', 2)],
          slots: 4
        })
      })
    )
  )
  const master = await createPeer({ listen: [], bootstrap: workers.flatMap(({ addresses }) => addresses) })
  try {
    const signal = AbortSignal.timeout(20_000)
    await Promise.all([
      master.waitForWorkers({ model: 'meter', count: 4, signal }),
      master.waitForWorkers({ model: 'tiles', signal })
    ])
    await use(master)
  } finally {
    over.reject(new Error('the test is over'))
    await Promise.all([master, ...workers].map(peer => peer.stop()))
  }
}

describe('a description model on a spare worker', () => {
  it('answers for the slow worker of any query, all queries in one run', async () => {
    const description = await calibrated()
    await mesh(async master => {
      const means = [3, -2, 1, -4]
      const asked = { model: 'meter', queries: means.map(image), k: 4, n: 5, stragglers: 1, deadline: 20_000 }
      const { outcomes, groups } = await master.infer({ ...asked, description })
      assert.deepEqual(outcomes.map(it => 'source' in it && it.source).sort(), [
        'description',
        'exact',
        'exact',
        'exact'
      ])
      outcomes.forEach((outcome, i) => {
        assert.ok('output' in outcome)
        const [dark, bright] = outcome.output.data
        assert.equal(bright > dark, means[i] > 0, `query ${i} of mean ${means[i]} has ${dark}, ${bright}`)
      })
      const described = groups[0].tasks.filter(({ role }) => role === 'description')
      assert.deepEqual(
        described.map(({ queries }) => queries.toSorted()),
        [[0, 1, 2, 3]]
      )
    })
  })

  it('sees some queries twice in a group that is smaller than a mosaic', async () => {
    const description = await calibrated()
    await mesh(async master => {
      const asked = { model: 'meter', queries: [3, -2, 1].map(image), k: 4, n: 5, stragglers: 1, deadline: 20_000 }
      const { outcomes, groups } = await master.infer({ ...asked, description })
      assert.ok(outcomes.every(({ status }) => status !== 'failed'))
      const [described] = groups[0].tasks.filter(({ role }) => role === 'description')
      assert.equal(described.queries.length, 4)
      assert.deepEqual(new Set(described.queries), new Set([0, 1, 2]))
    })
  })

  it('is refused for another model than its own', async () => {
    const description = { ...(await calibrated()), model: 'f'.repeat(64) }
    await mesh(async master => {
      await assert.rejects(
        master.infer({ model: 'meter', queries: data.slice(0, 4), description }),
        ProfileMismatchError
      )
    })
  })
})

describe('what a description model is worth', () => {
  it('is learned from how often it names the class of the model', async () => {
    const { agreement, regret, error, side } = await calibrated()
    assert.equal(side, 2)
    // What is shrunk to means has the mean of the whole.
    assert.ok(agreement > 0.99 && error < 0.01, `agreement ${agreement}, error ${error}`)
    assert.ok((regret ?? 1) < 0.01, `regret ${regret}`)
  })

  it('is read back as it was written, and refused if it is anything else', async () => {
    const profile = await calibrated()
    assert.deepEqual(parseDescriptionProfile(JSON.stringify(profile)), profile)
    const falling = { ...profile.confidence, agreement: { from: [0, 1], to: [1, 0] } }
    const wrong = [
      { ...profile, side: 1 },
      { ...profile, confidence: falling },
      { ...profile, more: 1 }
    ]
    for (const each of wrong) {
      assert.throws(() => parseDescriptionProfile(JSON.stringify(each)), InvalidCompanionProfileError)
    }
  })

  it('is not learned of a model that has not a row for each tile', async () => {
    const executor = functionExecutor({ models: [meter('meter', 1), meter('tiles', 4)] })
    await executor.start()
    const init = { executor, model: 'meter', description: 'tiles', side: 2, data }
    await assert.rejects(calibrateDescription(init), InvalidOptionError)
  })
})
