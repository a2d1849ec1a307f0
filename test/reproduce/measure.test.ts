import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { measure } from '../../scripts/reproduce/measure.ts'
import { linearDecoder, nercc, replication } from '../../src/codes/index.ts'

describe('what a plan is measured to be worth', () => {
  const classes = 4
  const images = {
    pixels: Array.from({ length: 300 }, (_, i) => Float32Array.of(i % classes)),
    // A model that has one class of four wrong.
    labels: Array.from({ length: 300 }, (_, i) => (i % classes === 0 ? 1 : i % classes))
  }
  const logitsOf = (image: Float32Array): Float32Array =>
    Float32Array.from({ length: classes }, (_, c) => 9 * Number(c === Math.round(image[0])))
  const models = {
    logits: async (_: string, asked: readonly Float32Array[]) => asked.map(logitsOf),
    coded: async ({ k, n }: { k: number; n: number }, groups: readonly { logits: readonly Float32Array[] }[]) =>
      groups.map(({ logits }) => Array.from({ length: n }, (_, i) => logits[i % k]))
  }
  const draw = { groups: 60, sets: 4, seed: 1 }

  it('is what the model itself is worth where every result arrives', async () => {
    const code = nercc({ k: 5, n: 5, layout: 'systematic' })
    const plan = { code, order: 'none' as const, decoder: linearDecoder(code) }
    const [measured] = await measure(models, images, plan, { ...draw, stragglers: [0] })
    assert.deepEqual([measured.exact, measured.lost, measured.agreement.overall.value], [1, 0, 1])
    assert.equal(measured.accuracy.degraded, undefined, 'nothing is reconstructed')
    const own = measured.accuracy.overall
    assert.ok(Math.abs(own.value - 0.75) < 1e-12, `all images, each once: 0.75, got ${own.value}`)
  })

  it('counts a lost query as a guess, overall and among those that are not exact', async () => {
    const code = replication({ k: 5, n: 10 })
    const plan = { code, order: 'path' as const, decoder: linearDecoder(code) }
    const [measured] = await measure(models, images, plan, { ...draw, stragglers: [4] })
    // Both copies among 4 stragglers of 10: C(8, 2) / C(10, 4).
    const { lost, exact, agreement } = measured
    assert.equal(exact + lost, 1)
    assert.deepEqual(agreement.degraded?.value, 1 / classes, 'all that is not exact is lost')
    const { value, standardError } = agreement.overall
    const expected = 1 - (28 / 210) * (1 - 1 / classes)
    assert.ok(Math.abs(value - expected) < 4 * standardError, `expected ${expected}, got ${value} ± ${standardError}`)
  })
})
