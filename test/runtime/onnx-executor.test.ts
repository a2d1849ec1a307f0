import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import type { NamedTensors } from '../../src/models/index.ts'
import {
  entryUrl,
  type OnnxExecutor,
  type OnnxExecutorInit,
  onnxExecutor,
  type RunResult
} from '../../src/runtime/index.ts'
import { ThreadedExecutor } from '../../src/runtime/onnx-executor.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { executorCompliance } from './executor-compliance.ts'
import { counting, fixture } from './fixture-models.ts'

const affine = { name: 'affine', path: fixture('affine') }
const twoInputs = { name: 'two-inputs', path: fixture('two-inputs') }

executorCompliance('ONNX Runtime', () => onnxExecutor({ models: [affine, twoInputs], threads: 2 }))

/** A started executor that is stopped when the test ends, whatever its end. */
async function started(t: TestContext, init: OnnxExecutorInit): Promise<OnnxExecutor> {
  const executor = onnxExecutor(init)
  t.after(() => executor.stop())
  await executor.start()
  return executor
}

/** One run of one fixture model. */
async function runFixture(name: string, inputs: NamedTensors, outputs: string[]): Promise<RunResult> {
  const executor = onnxExecutor({ models: [{ name, path: fixture(name) }] })
  await executor.start()
  try {
    return await executor.run({ model: executor.models[0].id, inputs, outputs })
  } finally {
    await executor.stop()
  }
}

async function failToStart(init: OnnxExecutorInit, expected: { name: string; code: string; message: RegExp }) {
  const executor = onnxExecutor(init)
  await assert.rejects(executor.start(), expected)
  assert.deepEqual(executor.models, [])
  await executor.stop()
}

describe('the ONNX executor', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'splinemesh-onnx-'))
  })
  after(() => rm(folder, { recursive: true }))

  it('takes the sha-256 of the file as the id of the model', async t => {
    const executor = await started(t, { models: [affine] })
    const expected = createHash('sha256')
      .update(await readFile(affine.path))
      .digest('hex')
    assert.equal(executor.models[0].id, expected)
  })

  it('runs in half precision', async () => {
    const x = new Tensor('float16', [1, 3], Uint16Array.of(0x3c00, 0x4000, 0x4200))
    const { outputs } = await runFixture('float16', { x }, ['y'])
    assert.deepEqual(outputs.y, new Tensor('float16', [1, 3], Uint16Array.of(0x4000, 0x4400, 0x4600)))
  })

  it('gives integers of 64 bits', async () => {
    const x = Tensor.float32([0, 9, 0, 0, 0, 0, 0, 9], [2, 4])
    const { outputs } = await runFixture('int64', { x }, ['label'])
    assert.deepEqual(outputs.label, new Tensor('int64', [2], BigInt64Array.of(1n, 3n)))
  })

  it('leaves this thread its event loop while a model runs', async () => {
    let turns = 0
    const ticking = setInterval(() => turns++, 1)
    const { runMs } = await runFixture('slow', { x: Tensor.float32([3], [1, 1]) }, ['y'])
    clearInterval(ticking)
    assert.ok(turns > 5, `the event loop turned ${turns} times around a run of ${runMs} ms`)
  })

  it('takes the inputs over: their memory moves to the thread', async () => {
    const x = counting(1)
    await runFixture('affine', { x }, ['sum'])
    assert.equal(x.data.length, 0)
  })

  it('fails only the run whose inputs were given away before', async t => {
    const executor = await started(t, { models: [affine] })
    const request = { model: executor.models[0].id, inputs: { x: counting(1) }, outputs: ['sum'] }
    await executor.run(request)
    await assert.rejects(executor.run(request), { name: 'RunFailedError', message: /given away before/ })
    const { outputs } = await executor.run({ ...request, inputs: { x: counting(1) } })
    assert.deepEqual(outputs.sum, Tensor.float32([6], [1, 1]))
  })

  it('fails a run that ONNX Runtime refuses, and goes on', async t => {
    const executor = await started(t, { models: [twoInputs] })
    const run = (rows: number) =>
      executor.run({
        model: executor.models[0].id,
        inputs: {
          left: Tensor.float32(new Float32Array(4), [2, 2]),
          right: Tensor.float32(new Float32Array(2 * rows), [rows, 2])
        },
        outputs: ['y']
      })
    await assert.rejects(run(3), { name: 'RunFailedError', message: /ONNX Runtime failed: .*Add/s })
    assert.deepEqual((await run(2)).outputs.y.shape, [2, 2])
  })

  it('says which model file is missing, and where it looked', () =>
    failToStart(
      { models: [affine, { name: 'ghost', path: join(folder, 'ghost.onnx') }] },
      { name: 'ModelLoadError', code: 'ERR_MODEL_LOAD', message: /'ghost' from .*ghost\.onnx: ENOENT/ }
    ))

  const corruptions: Array<[string, (model: Buffer) => Uint8Array]> = [
    ['garbage', () => Buffer.from('this is no model at all')],
    ['empty', () => new Uint8Array(0)],
    ['cut off', model => model.subarray(0, model.length / 2)]
  ]
  for (const [what, corrupt] of corruptions) {
    it(`refuses a model file that is ${what}, in every thread`, async () => {
      const path = join(folder, 'corrupt.onnx')
      await writeFile(path, corrupt(await readFile(affine.path)))
      await failToStart(
        { models: [affine, { name: 'corrupt', path }], threads: 2 },
        {
          name: 'ModelLoadError',
          code: 'ERR_MODEL_LOAD',
          message: /'corrupt' from .*corrupt\.onnx: this is no /
        }
      )
    })
  }

  it('refuses a model whose dtypes the mesh does not carry', () =>
    failToStart(
      { models: [{ name: 'float64', path: fixture('float64') }] },
      { name: 'ModelLoadError', code: 'ERR_MODEL_LOAD', message: /'x' of model 'float64' .* is a float64 tensor/ }
    ))

  it('refuses two models of one name, no threads, and no provider', async () => {
    const copy = join(folder, 'copy.onnx')
    await copyFile(twoInputs.path, copy)
    assert.throws(() => onnxExecutor({ models: [affine, { name: 'affine', path: copy }] }), {
      name: 'DuplicateModelError',
      code: 'ERR_DUPLICATE_MODEL'
    })
    assert.throws(() => onnxExecutor({ models: [affine], threads: 0 }), { name: 'RuntimeOptionError' })
    assert.throws(() => onnxExecutor({ models: [affine], intraOpThreads: 1.5 }), { name: 'RuntimeOptionError' })
    assert.throws(() => onnxExecutor({ models: [affine], providers: [] }), { name: 'RuntimeOptionError' })
  })

  it('falls back to the next provider and reports why', async t => {
    const executor = await started(t, { models: [affine], providers: ['abacus', 'cpu'] })
    assert.equal(executor.providers.length, 1)
    const [{ thread, model, provider, unavailable }] = executor.providers
    assert.deepEqual({ thread, model, provider }, { thread: 0, model: 'affine', provider: 'cpu' })
    assert.equal(unavailable[0].provider, 'abacus')
    assert.match(unavailable[0].reason, /only has .*cpu/)
    const { outputs } = await executor.run({
      model: executor.models[0].id,
      inputs: { x: counting(1) },
      outputs: ['sum']
    })
    assert.deepEqual(outputs.sum.data, Float32Array.of(6))
  })

  it('gives a model the first provider that works', async t => {
    const executor = await started(t, { models: [affine], providers: ['cuda', 'cpu'] })
    const [{ provider, unavailable }] = executor.providers
    const tried = unavailable.map(each => each.provider)
    assert.deepEqual([...tried, provider], tried.length === 0 ? ['cuda'] : ['cuda', 'cpu'])
  })

  it('names every provider it tried when none works', () =>
    failToStart(
      { models: [affine], providers: ['abacus', 'slide-rule'] },
      { name: 'ProviderUnavailableError', code: 'ERR_PROVIDER_UNAVAILABLE', message: /abacus: .*slide-rule: .*'cpu'/s }
    ))

  it('blames the file, not the provider, when the file is corrupt', async () => {
    const path = join(folder, 'garbage.onnx')
    await writeFile(path, 'garbage')
    await failToStart(
      { models: [{ name: 'garbage', path }], providers: ['abacus'] },
      { name: 'ModelLoadError', code: 'ERR_MODEL_LOAD', message: /garbage\.onnx/ }
    )
  })

  describe('with room for one session only', () => {
    const ONE = 2 * 16 * 2 ** 20 - 1
    const inputsOf = (name: string): Parameters<OnnxExecutor['run']>[0]['inputs'] =>
      name === 'affine'
        ? { x: counting(1) }
        : { left: Tensor.float32([1, 2], [1, 2]), right: Tensor.float32([3, 4], [1, 2]) }

    /** Whether the model was cold, after a run that must be right. */
    async function runs(executor: OnnxExecutor, name: string): Promise<boolean> {
      const model = executor.models.find(each => each.name === name)
      assert.ok(model)
      const outputs = name === 'affine' ? ['sum'] : ['y']
      const result = await executor.run({ model: model.id, inputs: inputsOf(name), outputs })
      assert.deepEqual(
        result.outputs[outputs[0]].data,
        name === 'affine' ? Float32Array.of(6) : Float32Array.of(31, 42)
      )
      return result.loadMs !== undefined
    }

    it('loads a cold model when it is asked for, and says how long that took', async t => {
      const executor = await started(t, { models: [affine, twoInputs], maxSessionBytes: ONE })
      const cold: boolean[] = []
      for (const name of ['affine', 'two-inputs', 'two-inputs', 'affine', 'affine']) {
        cold.push(await runs(executor, name))
      }
      assert.deepEqual(cold, [false, true, false, true, false])
    })

    it('prefers the thread that has the model', async t => {
      const executor = await started(t, { models: [affine, twoInputs], threads: 2, maxSessionBytes: 2 * ONE })
      assert.deepEqual(await Promise.all([runs(executor, 'affine'), runs(executor, 'two-inputs')]), [false, true])
      assert.deepEqual(await Promise.all([runs(executor, 'affine'), runs(executor, 'two-inputs')]), [false, false])
      assert.deepEqual(await Promise.all([runs(executor, 'two-inputs'), runs(executor, 'affine')]), [false, false])
    })

    it('fails the run when a cold model is no longer the file that was hashed, and goes on with others', async t => {
      const path = join(folder, 'replaced.onnx')
      await copyFile(twoInputs.path, path)
      const executor = await started(t, { models: [affine, { name: 'two-inputs', path }], maxSessionBytes: ONE })
      await copyFile(affine.path, path)
      await assert.rejects(runs(executor, 'two-inputs'), { name: 'RunFailedError', message: /was changed/ })
      assert.equal(await runs(executor, 'affine'), true)
    })
  })

  it('refuses at the start a model that alone needs more memory than its thread may take', () =>
    failToStart(
      { models: [affine], threads: 2, maxSessionBytes: 2 ** 25 },
      {
        name: 'RuntimeOptionError',
        code: 'ERR_RUNTIME_OPTION',
        message: /'affine' .* 17 MiB .* leaves a thread 16 MiB/
      }
    ))

  it('lets a process that stops it during a run survive and exit unaided', async () => {
    // The child is killed only if it does not end by itself: then this rejects.
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      [new URL('./run-and-stop.ts', import.meta.url).pathname, fixture('slow')],
      { timeout: 30_000, killSignal: 'SIGKILL' }
    )
    assert.equal(stderr, '')
    const [stopped, result] = stdout.trim().split('\n')
    assert.equal(stopped, 'stopped after the run')
    assert.equal(result, 'y = 3')
  })
})

describe('the threads of an executor', () => {
  it('die by themselves: the run fails, new ones are refused, and it stops', async t => {
    const executor = new ThreadedExecutor({ models: [affine] }, entryUrl(import.meta.url, 'dying-thread'))
    t.after(() => executor.stop())
    await executor.start()
    const request = () => ({ model: executor.models[0].id, inputs: { x: counting(1) }, outputs: ['sum'] })
    await assert.rejects(executor.run(request()), { name: 'RunFailedError', message: /ended by itself .* 7/ })
    await assert.rejects(executor.run(request()), { name: 'ExecutorStoppedError', message: /lost a thread/ })
  })

  it('load a file that is changed meanwhile: it does not start under an id that may be wrong', async t => {
    const folder = await mkdtemp(join(tmpdir(), 'splinemesh-onnx-'))
    t.after(() => rm(folder, { recursive: true }))
    const path = join(folder, 'changing.onnx')
    await copyFile(affine.path, path)
    const models = [{ name: 'changing', path }]
    const executor = new ThreadedExecutor({ models }, entryUrl(import.meta.url, 'meddling-thread'))
    t.after(() => executor.stop())
    await assert.rejects(executor.start(), { name: 'ModelLoadError', message: /changing\.onnx .*was changed after/ })
  })
})
