import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type FitDescriptionInit, fitDescription } from '../../nodes/index.ts'
import { random } from '../../src/chance/index.ts'
import { checkModelFile } from '../../src/models/index.ts'
import { onnxExecutor } from '../../src/runtime/index.ts'
import { shrinking } from '../../src/students/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { anySize, blobs, SHAPE } from './any-size.ts'

const LENET = new URL('../../scripts/models/digits/lenet5.onnx', import.meta.url)

describe('a description by the deployed graph', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'splinemesh-description-test-'))
  })
  after(() => rm(folder, { recursive: true }))

  /** What a model says of images of one size. */
  async function say(file: Uint8Array, images: readonly Float32Array[], side: number): Promise<Float32Array[]> {
    const saved = path.join(folder, 'model.onnx')
    await writeFile(saved, file)
    const executor = onnxExecutor({ models: [{ name: 'model', path: saved }] })
    await executor.start()
    const [{ id, signature }] = executor.models
    const image = Tensor.float32(Float32Array.from(images.flatMap(each => [...each])), [images.length, 1, side, side])
    const [{ name }] = signature.outputs
    const { outputs } = await executor.run({ model: id, inputs: { image }, outputs: [name] })
    await executor.stop()
    return images.map((_, i) => Float32Array.from(outputs[name].row(i).data, Number))
  }

  async function asked(count: number): Promise<FitDescriptionInit> {
    const [model, images] = [anySize(1), blobs(count, 2)]
    return { model, output: 'logits', images, shape: SHAPE, logits: await say(model, images, 16) }
  }

  it('is found by running the graph on smaller images, agrees on others as often as it says, and is a sound ONNX file', async () => {
    const { best, tried } = await fitDescription(await asked(400))
    assert.ok(best !== undefined, `tried: ${JSON.stringify(tried)}`)
    assert.equal(tried.length, 4)
    checkModelFile(best.file)
    const unseen = blobs(300, 3)
    const own = await say(anySize(1), unseen, 16)
    const described = await say(best.file, unseen.map(shrinking(SHAPE, best.view)), best.view.height)
    const named = (values: Float32Array): number => values.indexOf(Math.max(...values))
    const agreement = described.filter((each, i) => named(each) === named(own[i])).length / unseen.length
    assert.ok(Math.abs(agreement - best.agreement) < 0.08, `it says ${best.agreement}, and agrees in ${agreement}`)
    assert.ok(best.regret > 0 && best.regret < 1 - 1 / 3, `regret ${best.regret}, of a guess 2/3`)
    assert.ok(best.loss < Math.min(...tried.map(({ loss }) => loss)) + 1e-12)
  })

  it('shrinks queries no more than it takes for two or four to cost hardly more than one', async () => {
    const { tried } = await fitDescription(await asked(20))
    assert.deepEqual(
      tried.map(({ view, together }) => [view.height, together]),
      [
        [11, 2],
        [11, 2],
        [8, 4],
        [8, 4]
      ]
    )
  })

  it('is refused where it says nothing of what the model says', async () => {
    const init = await asked(200)
    const chance = random(5)
    const logits = init.logits.map(row => row.map(() => chance()))
    assert.equal((await fitDescription({ ...init, logits })).best, undefined)
  })

  it('is refused where the graph takes images of one size only: nothing that was tried could be run', async () => {
    const images = Array.from({ length: 5 }, () => new Float32Array(1024))
    const logits = images.map(() => new Float32Array(10))
    const shape = { channels: 1, height: 32, width: 32 }
    const fit = await fitDescription({ model: await readFile(LENET), output: 'logits', images, shape, logits })
    assert.deepEqual(fit, { tried: [] })
  })

  it('is not asked for with fewer images than folds, or answers missing', async () => {
    const init = await asked(5)
    await assert.rejects(fitDescription({ ...init, images: init.images.slice(1) }), { name: 'InvalidOptionError' })
    await assert.rejects(fitDescription({ ...init, output: 'nothing' }), { name: 'StudentFitError' })
  })
})
