import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { parseVariants } from '../../nodes/declarations.ts'
import { createPeer, type Peer } from '../../nodes/index.ts'
import type { Variants } from '../../src/models/index.ts'
import { type Executor, functionExecutor } from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'

const shape = [null, 1]
const signature = {
  inputs: [{ name: 'x', dtype: 'float32' as const, shape }],
  outputs: [{ name: 'y', dtype: 'float32' as const, shape }]
}
const [FLOAT32, FLOAT16] = ['a'.repeat(64), 'b'.repeat(64)]

/** Two builds of one model under one name: they double their input, and say by their sign which they are. */
function build(id: string): Executor {
  const factor = id === FLOAT32 ? 2 : -2
  const run = ({ x }: Record<string, Tensor>) => ({ y: Tensor.float32([factor * Number(x.data[0])], [1, 1]) })
  return functionExecutor({ models: [{ id, name: 'double', signature, run }] })
}

const declared = {
  version: 1,
  name: 'double',
  tolerance: 0.01,
  variants: [
    { id: FLOAT32, is: 'float32' },
    { id: FLOAT16, is: 'float16' }
  ]
}
const variants: Variants = parseVariants(JSON.stringify(declared))

async function fleet(use: (master: Peer, builds: Map<string, string>) => Promise<void>): Promise<void> {
  const ids = [FLOAT32, FLOAT16]
  const workers = await Promise.all(ids.map(id => createPeer({ executor: build(id) })))
  const master = await createPeer()
  try {
    for (const { addresses } of workers) {
      await master.libp2p.dial(multiaddr(addresses[0]))
    }
    await Promise.all(ids.map(model => master.waitForWorkers({ model })))
    await use(master, new Map(workers.map(({ id }, i) => [id, ids[i]])))
  } finally {
    for (const peer of [master, ...workers]) {
      await peer.stop()
    }
  }
}

const queries = Array.from({ length: 4 }, (_, i) => Tensor.float32([i + 1], [1, 1]))
const asked = { queries, k: 4, n: 4, code: 'uncoded', deadline: 5000 } as const

describe('a group', () => {
  it('never mixes builds of a model: by name, the caller is asked which; by id, only its workers run it', async () => {
    await fleet(async (master, builds) => {
      await assert.rejects(master.infer({ ...asked, model: 'double' }), { code: 'ERR_AMBIGUOUS_MODEL' })
      const { outcomes, groups } = await master.infer({ ...asked, model: FLOAT16 })
      assert.deepEqual(
        outcomes.map(each => each.status === 'exact' && each.output.data[0]),
        [-2, -4, -6, -8]
      )
      assert.deepEqual(new Set(groups[0].tasks.map(({ worker }) => builds.get(worker))), new Set([FLOAT16]))
      assert.ok(groups[0].tasks.every(({ variant }) => variant === undefined))
    })
  })

  it('has workers of all the variants that the caller allows, and its report says which each ran', async () => {
    await fleet(async (master, builds) => {
      const { outcomes, groups } = await master.infer({ ...asked, model: 'double', variants })
      const { tasks } = groups[0]
      assert.deepEqual(new Set(tasks.map(({ variant }) => variant)), new Set([FLOAT32, FLOAT16]))
      for (const { index, worker, variant } of tasks) {
        const outcome = outcomes[index]
        assert.equal(variant, builds.get(worker))
        assert.equal(outcome.status === 'exact' && outcome.output.data[0], (variant === FLOAT32 ? 2 : -2) * (index + 1))
      }
      await assert.rejects(master.infer({ ...asked, model: 'double' }), { code: 'ERR_AMBIGUOUS_MODEL' }, 'as before')
    })
  })

  it('of one query takes variants too', async () => {
    await fleet(async master => {
      const { output } = await master.predict(queries[0], { model: FLOAT32, variants, code: 'uncoded', k: 1, n: 1 })
      assert.equal(Math.abs(Number(output.data[0])), 2)
      await assert.rejects(master.predict(queries[0], { model: 'triple', variants }), { code: 'ERR_INVALID_OPTION' })
    })
  })
})

describe('a declaration of variants', () => {
  const WRONG: Array<[string, unknown]> = [
    ['is of another version', { ...declared, version: 2 }],
    ['has no tolerance', { ...declared, tolerance: undefined }],
    ['has a negative tolerance', { ...declared, tolerance: -1 }],
    ['names one build only', { ...declared, variants: [declared.variants[0]] }],
    ['names a build twice', { ...declared, variants: [declared.variants[0], { ...declared.variants[0], is: 'int8' }] }],
    ['has no whole id', { ...declared, variants: [{ id: 'aaaa', is: 'int8' }, ...declared.variants] }],
    ['has a part that is not known', { ...declared, signed: true }]
  ]

  for (const [what, json] of WRONG) {
    it(`is refused that ${what}`, () => {
      assert.throws(() => parseVariants(JSON.stringify(json)), {
        name: 'InvalidVariantsError',
        code: 'ERR_INVALID_VARIANTS'
      })
    })
  }

  it('is refused that is no JSON', () => {
    assert.throws(() => parseVariants('{'), { code: 'ERR_INVALID_VARIANTS' })
  })
})
