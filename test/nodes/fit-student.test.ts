import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fitStudent } from '../../nodes/index.ts'
import { random } from '../../src/chance/index.ts'
import { checkModelFile } from '../../src/models/index.ts'
import { onnxExecutor } from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'

/** Noise with a bar that lies, or stands: the deployed model tells which, and how sure it is. */
function bars(count: number, seed: number): { queries: Float32Array[]; logits: Float32Array[] } {
  const chance = random(seed)
  const drawn = Array.from({ length: count }, () => {
    const stands = chance() < 0.5
    const at = 4 + Math.floor(24 * chance())
    const image = Float32Array.from({ length: 1024 }, (_, i) => {
      const across = stands ? i % 32 : Math.floor(i / 32)
      return 0.3 * chance() + (Math.abs(across - at) < 2 ? 0.7 : 0)
    })
    return { image, logits: stands ? Float32Array.of(9, 1) : Float32Array.of(1, 9) }
  })
  return { queries: drawn.map(({ image }) => image), logits: drawn.map(({ logits }) => logits) }
}

describe('a student', () => {
  const shape = { channels: 1, height: 32, width: 32 }
  let folder = ''
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'splinemesh-student-test-'))
  })
  after(() => rm(folder, { recursive: true }))

  it('gives the classes that the model gives, to images that it has not seen, from a sound ONNX file', async () => {
    const file = await fitStudent({ ...bars(300, 1), shape, patches: 24 })
    checkModelFile(file)
    const saved = path.join(folder, 'student.onnx')
    await writeFile(saved, file)
    const executor = onnxExecutor({ models: [{ name: 'student', path: saved }] })
    await executor.start()
    try {
      const unseen = bars(200, 2)
      const image = Tensor.float32(Float32Array.from(unseen.queries.flatMap(pixels => [...pixels])), [200, 1, 32, 32])
      const run = { model: executor.models[0].id, inputs: { image }, outputs: ['logits', 'softmax'] }
      const { logits, softmax } = (await executor.run(run)).outputs
      const agree = unseen.logits.filter(
        ([stands, lies], i) => Number(logits.data[2 * i]) > Number(logits.data[2 * i + 1]) === stands > lies
      )
      assert.ok(agree.length >= 190, `${agree.length} of 200 agree; a guess has about 100`)
      assert.ok(Math.abs(Number(softmax.data[0]) + Number(softmax.data[1]) - 1) < 1e-5, 'softmax sums to 1')
    } finally {
      await executor.stop()
    }
  })

  it('is fitted to sequences too, by random directions: a law that no linear one is', async () => {
    const chance = random(6)
    const sequences = (count: number) => {
      const queries = Array.from({ length: count }, () => Float32Array.from({ length: 12 }, () => 4 * chance() - 2))
      // Is the first half of the sequence louder than the second?
      const loud = (part: Float32Array): number => part.reduce((sum, value) => sum + Math.abs(value), 0)
      const logits = queries.map(query => Float32Array.of(loud(query.subarray(0, 6)), loud(query.subarray(6))))
      return { queries, logits }
    }
    const saved = path.join(folder, 'sequences.onnx')
    await writeFile(saved, await fitStudent({ ...sequences(1500), shape: [6, 2], patches: 40 }))
    const executor = onnxExecutor({ models: [{ name: 'sequences', path: saved }] })
    await executor.start()
    try {
      const unseen = sequences(400)
      const query = Tensor.float32(Float32Array.from(unseen.queries.flatMap(each => [...each])), [400, 6, 2])
      const { outputs } = await executor.run({ model: executor.models[0].id, inputs: { query }, outputs: ['logits'] })
      const { data } = outputs.logits
      const agree = unseen.logits.filter(
        ([first, second], i) => Number(data[2 * i]) > Number(data[2 * i + 1]) === first > second
      )
      assert.ok(agree.length >= 340, `${agree.length} of 400 agree; a guess has about 200`)
    } finally {
      await executor.stop()
    }
  })

  it('is the same file for the same queries and seed', async () => {
    const fit = () => fitStudent({ ...bars(50, 3), shape, patches: 8 })
    assert.deepEqual(await fit(), await fit())
  })

  it('is refused with too few images, with too small ones, and with answers missing', async () => {
    const few = bars(4, 4)
    await assert.rejects(fitStudent({ ...few, shape }), { name: 'InvalidOptionError', message: /got 4/ })
    const { queries, logits } = bars(5, 4)
    await assert.rejects(fitStudent({ queries, logits: logits.slice(1), shape }), { name: 'InvalidOptionError' })
    const small = { channels: 1, height: 3, width: 3 }
    const cut = queries.map(image => image.slice(0, 9))
    await assert.rejects(fitStudent({ queries: cut, logits, shape: small }), {
      name: 'StudentFitError',
      message: /3×3/
    })
  })
})
