import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  calibrateExits,
  createPeer,
  type ExitsProfile,
  fitExits,
  type ModelWithExits,
  ProfileMismatchError
} from '../../nodes/index.ts'
import { checkModelFile, contentId, type ModelSignature } from '../../src/models/index.ts'
import { parseExitsProfile } from '../../src/profiles/index.ts'
import { functionExecutor, onnxExecutor } from '../../src/runtime/index.ts'
import { stack, Tensor } from '../../src/tensor/index.ts'
import { anySize, blobs } from './any-size.ts'

const model = anySize(1)

function images(count: number, seed: number): Tensor[] {
  return blobs(count, seed).map(blob => Tensor.float32(blob, [1, 1, 16, 16]))
}

describe('exits', () => {
  let folder = ''
  let made: ModelWithExits
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'splinemesh-exits-'))
    made = await calibrateExits({ model: await saved(model), data: images(400, 2), at: [0.9] })
  })
  after(() => rm(folder, { recursive: true }))

  async function saved(file: Uint8Array): Promise<{ name: string; path: string }> {
    const name = contentId(file).slice(0, 12)
    const at = path.join(folder, `${name}.onnx`)
    await writeFile(at, file)
    return { name, path: at }
  }

  /** What a model says of images, output by output. */
  async function say(file: Uint8Array, queries: readonly Tensor[], outputs: string[]): Promise<number[][][]> {
    const executor = onnxExecutor({ models: [await saved(file)] })
    await executor.start()
    const [{ id }] = executor.models
    const image = stack(queries.map(query => query.row(0)))
    const results = (await executor.run({ model: id, inputs: { image }, outputs })).outputs
    const said = outputs.map(name => queries.map((_, i) => Array.from(results[name].row(i).data, Number)))
    await executor.stop()
    return said
  }

  it('are fitted to what the model says, agree on other queries as often as is expected, and leave the model what it is', async () => {
    const { file, profile } = made
    checkModelFile(file)
    assert.equal(profile.model, contentId(file))
    assert.equal(profile.exits.length, 1)
    const unseen = images(200, 3)
    const [own] = await say(model, unseen, ['logits'])
    const [logits, exit] = await say(file, unseen, ['logits', 'exit1'])
    assert.deepEqual(logits, own)
    const named = (values: number[]): number => values.indexOf(Math.max(...values))
    const agreement = exit.filter((each, i) => named(each) === named(own[i])).length / unseen.length
    const { agreements } = profile.exits[0]
    const expected = agreements.reduce((sum, each) => sum + each, 0) / agreements.length
    assert.ok(Math.abs(agreement - expected) < 0.08, `${expected} is expected, and it agrees in ${agreement}`)
  })

  it('are refused to a model that has some, or has no place for as many', async () => {
    const queries = images(20, 2)
    const logits = queries.map(() => Float32Array.of(1, 0, 0))
    await assert.rejects(fitExits({ model: made.file, queries, logits }), { name: 'InvalidOptionError' })
    await assert.rejects(fitExits({ model, queries, logits, at: [0.9, 0.95] }), { name: 'StudentFitError' })
    await assert.rejects(fitExits({ model, queries, logits, at: [1] }), { name: 'InvalidOptionError' })
  })
})

describe('a master that knows what exits are worth', () => {
  const signature: ModelSignature = {
    inputs: [{ name: 'x', dtype: 'float32', shape: [null, 2] }],
    outputs: ['logits', 'exit1'].map(name => ({ name, dtype: 'float32', shape: [null, 2] }))
  }
  const id = contentId(Uint8Array.of(7))
  const confidence = {
    scale: 2,
    agreement: { from: [0], to: [0.75] },
    error: { from: [0], to: [3] }
  }
  const profile: ExitsProfile = {
    version: 1,
    model: id,
    output: 'logits',
    exits: [{ output: 'exit1', at: 0.5, confidence, agreements: [0.75], error: 3 }],
    queries: 100
  }

  it('answers with what a worker said that is too slow for the deadline', async () => {
    const open = Promise.withResolvers<void>()
    const executor = functionExecutor({
      models: [
        {
          name: 'slow',
          id,
          signature,
          async run({ x }, early) {
            early?.({ exit1: x })
            await open.promise
            return { logits: x, exit1: x }
          }
        }
      ]
    })
    const worker = await createPeer({ executor })
    const master = await createPeer({ listen: [], bootstrap: worker.addresses })
    try {
      await master.waitForWorkers({ model: 'slow', signal: AbortSignal.timeout(20_000) })
      const queries = [Tensor.float32([1, 2], [1, 2])]
      const { outcomes } = await master.infer({ model: 'slow', queries, k: 1, n: 1, deadline: 400, exits: profile })
      const [outcome] = outcomes
      assert.ok(outcome.status === 'reconstructed', outcome.status)
      assert.deepEqual([outcome.source, [...outcome.output.data]], ['exit', [2, 4]])
      assert.deepEqual(outcome.expected, { error: 3, agreement: 0.75 })
      const other = { ...profile, model: contentId(Uint8Array.of(8)) }
      await assert.rejects(master.infer({ model: 'slow', queries, exits: other }), ProfileMismatchError)
    } finally {
      open.resolve()
      await master.stop()
      await worker.stop()
    }
  })

  it('reads their profile as it was written, and no other', () => {
    assert.deepEqual(parseExitsProfile(JSON.stringify(profile)), profile)
    assert.throws(() => parseExitsProfile('{"version":1}'), { name: 'InvalidExitsProfileError' })
  })
})
