import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, it } from 'node:test'
import { ReproduceError } from '../../scripts/reproduce/errors.ts'
import { trainedFiles } from '../../scripts/reproduce/learned-models.ts'
import type { Way } from '../../scripts/reproduce/learned-plans.ts'
import { type Asked, type LearnedRow, rowOf } from '../../scripts/reproduce/learned-row.ts'
import { overTrainings } from '../../scripts/reproduce/learned-trainings.ts'
import { codeFamily } from '../../src/codes/index.ts'
import { linearPlan, planSpec } from '../../src/inference/index.ts'
import { Tensor } from '../../src/tensor/index.ts'

/** Its logits are its input, so that it is its own parity model; image i is of class i. */
const images = [0, 1, 2, 3].map(i => Tensor.float32(oneHot(i), [1, 4]))
const models: Asked['models'] = {
  macs: async (_, rows) => 100 * rows,
  run: async ({ inputs }) => inputs.image
}

function oneHot(i: number): number[] {
  return [0, 1, 2, 3].map(each => (each === i ? 9 : 0))
}

function way(parts: number): Way {
  const k = 4 / parts
  const init = { model: 'identity', output: 'logits', k, n: k + 1, stragglers: 1, deadline: 1 }
  const spec = planSpec({ ...init, code: codeFamily('parm') })
  return { method: 'ParM', output: 'logits', parts, plan: () => linearPlan(spec) }
}

function scored(parts: number, survivors: readonly number[][]) {
  const own = images.map(({ data }) => Float32Array.from(data, Number))
  const groups = [{ members: [0, 1, 2, 3], survivors }]
  const n = 4 + parts
  return rowOf(way(parts), { k: 4, n, stragglers: 1 }, { models, groups, images, own, labels: [0, 1, 2, 3] })
}

describe('a row of the table of learned codes', () => {
  it('shares out queries and workers to the groups that a way makes of a cell', async () => {
    // Workers 0 to 2 are of the first two queries, 3 to 5 of the others: one of each group is missing.
    const { degraded, accuracy, agreement } = await scored(2, [[0, 2, 4, 5]])
    assert.deepEqual([degraded.value, accuracy.value, agreement?.value], [1, 1, 1])
  })

  it('counts as a guess what its own group cannot make up for, whatever the others have', async () => {
    const { degraded, accuracy } = await scored(2, [[2, 3, 4, 5]])
    assert.deepEqual([degraded.value, accuracy.value], [0.25, 0.625])
  })

  it('says what each query costs beside its own run and bytes', async () => {
    assert.deepEqual((await scored(2, [[0, 1, 2, 3, 4, 5]])).extra, { workers: 0.5, master: 0, bytes: 8 })
    assert.deepEqual((await scored(1, [[0, 1, 2, 3, 4]])).extra, { workers: 0.25, master: 0, bytes: 4 })
  })
})

describe('trainings that differ in their seeds', () => {
  it('have a mean and a range in each cell that they are in', async () => {
    const cell = { deployed: 'identity', k: 4, n: 5, stragglers: 1 }
    const row = async (seed: number | undefined, right: number): Promise<LearnedRow> => {
      const { degraded, ...figures } = await scored(1, [[0, 1, 2, 4]])
      return { ...cell, ...figures, degraded: { ...degraded, value: right }, ...(seed !== undefined && { seed }) }
    }
    const rows = [await row(undefined, 0.8), await row(2, 0.9), await row(3, 0.7)]
    const [spread, ...others] = overTrainings([...rows, { ...rows[0], method: 'auto', chosen: 'ParM' }])
    assert.deepEqual(others, [])
    assert.equal(spread.count, 3)
    assert.ok(Math.abs(spread.degraded.mean - 0.8) < 1e-12)
    assert.deepEqual([spread.degraded.least, spread.degraded.most], [0.7, 0.9])
    assert.deepEqual(overTrainings(rows.slice(0, 1)), [])
  })
})

describe('what was trained', () => {
  it('is found by name, further trainings by the seed in their recipe, each once', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'splinemesh-'))
    const file = (name: string) => path.join(folder, name)
    try {
      await writeFile(file('parity-k2.onnx'), '')
      await writeFile(file('parity-k2.recipe.json'), JSON.stringify({ arguments: { seed: 5 } }))
      await writeFile(file('encoder-k10.onnx'), '')
      await writeFile(file('invnet.recipe.json'), JSON.stringify({ seed: 6 }))
      const { found, missing } = await trainedFiles({ shipped: folder, further: [folder] })
      assert.deepEqual(
        found.map(({ kind, k, model, seed, network }) => [kind, k, model, seed, network?.model]),
        [
          ['parity', 2, 'parity-k2', undefined, undefined],
          ['parity', 2, 'parity-k2 of seed 5', 5, undefined],
          ['encoder', 10, 'encoder-k10', undefined, 'invnet'],
          ['encoder', 10, 'encoder-k10 of seed 6', 6, 'invnet of seed 6']
        ]
      )
      assert.ok(missing.includes('mosaic-k4') && !missing.includes('parity-k2'))
      await assert.rejects(trainedFiles({ shipped: folder, further: [folder, folder] }), ReproduceError)
      await writeFile(file('parity-k2.recipe.json'), '{}')
      await assert.rejects(trainedFiles({ shipped: folder, further: [folder] }), ReproduceError)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
