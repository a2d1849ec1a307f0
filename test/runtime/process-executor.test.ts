import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  type Executor,
  ExecutorProcessError,
  type ProcessExecutorInit,
  processExecutor,
  RunFailedError
} from '../../src/runtime/index.ts'
import { executorCompliance } from './executor-compliance.ts'
import { counting, fixture } from './fixture-models.ts'

type Command = ProcessExecutorInit['command']

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const affine = (fault?: string): Command => [
  process.execPath,
  file('affine-process.ts'),
  ...(fault === undefined ? [] : [fault])
]
const reference = file('../../scripts/devices/onnx_worker.py')

/** Why this Python cannot run what needs these modules, or false. */
function lacks(...modules: string[]): string | false {
  const { status } = spawnSync('python3', ['-c', `import ${modules.join(', ')}`])
  return status === 0 ? false : `python3 here lacks ${modules.join(' or ')}`
}

executorCompliance('another process, of Node', () => processExecutor({ command: affine() }))

executorCompliance(
  'another process, of Python with numpy',
  () => processExecutor({ command: ['python3', file('affine_process.py')] }),
  lacks('numpy')
)

executorCompliance(
  'another process, of Python with ONNX Runtime',
  () =>
    processExecutor({
      command: ['python3', reference],
      models: ['affine', 'two-inputs'].map(name => ({ name, path: fixture(name) })),
      threads: 2
    }),
  lacks('numpy', 'onnxruntime')
)

/** Started, and stopped when the test ends; what it writes to stderr is in `said`. */
async function started(t: TestContext, fault: string, init: Partial<ProcessExecutorInit> = {}) {
  const said: string[] = []
  const executor = processExecutor({ command: affine(fault), onStderr: text => said.push(text), ...init })
  t.after(() => executor.stop())
  await executor.start()
  return { executor, said }
}

function run(executor: Executor) {
  const model = executor.models.find(({ name }) => name === 'affine')
  assert.ok(model)
  return executor.run({ model: model.id, inputs: { x: counting(1) }, outputs: ['double'] })
}

async function failsAtStart(init: ProcessExecutorInit, reason: string, message: RegExp): Promise<void> {
  const executor = processExecutor(init)
  await assert.rejects(executor.start(), {
    name: 'ExecutorProcessError',
    code: 'ERR_EXECUTOR_PROCESS',
    reason,
    message
  })
  await executor.stop()
}

describe('an executor whose process fails in a run', () => {
  const faults: Array<[string, string, RegExp]> = [
    ['crash', 'exited', /ended with exit code 7\. Its last words: out of memory/],
    ['garbage', 'protocol', /instead of a frame came "loss: 0\.".*must go to stderr/],
    ['hang', 'hung', /gave no result of run 1 within 200 ms and was ended/],
    ['stranger', 'protocol', /answered run 2, which is not in progress/],
    ['short body', 'protocol', /take 16 bytes, 0 came/],
    ['wrong field', 'protocol', /wrong field, \/runMs/]
  ]
  for (const [fault, reason, message] of faults) {
    it(`fails the run with the reason: ${fault}`, async t => {
      const { executor } = await started(t, fault, { timeouts: { run: 200 } })
      await assert.rejects(run(executor), error => {
        assert.ok(error instanceof RunFailedError, `expected a RunFailedError, got ${error}`)
        assert.ok(error.cause instanceof ExecutorProcessError, `caused by ${error.cause}`)
        assert.equal(error.cause.reason, reason)
        assert.match(error.message, message)
        return true
      })
    })
  }

  it('starts it again, so often, and then refuses with the last reason', async t => {
    const { executor, said } = await started(t, 'crash', { maxRestarts: 2 })
    for (let i = 0; i < 3; i++) {
      await assert.rejects(run(executor), { name: 'RunFailedError', message: /exit code 7/ })
    }
    await assert.rejects(run(executor), { name: 'ExecutorStoppedError', message: /again 2 times .* exit code 7/s })
    assert.equal(said.join('').match(/out of memory/g)?.length, 3)
  })

  it('stops at once while it is started again', async t => {
    const { executor } = await started(t, 'crash')
    await assert.rejects(run(executor), { name: 'RunFailedError' })
    const waiting = run(executor)
    const refused = assert.rejects(waiting, { name: 'ExecutorStoppedError' })
    await executor.stop()
    await refused
  })

  const harmless: Array<[string, RegExp]> = [
    ['failing', /out of ink/],
    ['wrong shape', /'double' has shape \[any,4\], got \[2\]/]
  ]
  for (const [fault, message] of harmless) {
    it(`goes on with the same process after a run that fails alone: ${fault}`, async t => {
      const { executor } = await started(t, fault, { maxRestarts: 0 })
      await assert.rejects(run(executor), { name: 'RunFailedError', message })
      await assert.rejects(run(executor), { name: 'RunFailedError', message })
    })
  }
})

describe('an executor whose process cannot start', () => {
  it('says so when there is no such program', () =>
    failsAtStart({ command: ['no-such-program'] }, 'not-started', /cannot run no-such-program: .*ENOENT/))

  it('tells the last words of one that ends', () =>
    failsAtStart({ command: affine('crash at start') }, 'exited', /exit code 1\. Its last words: no module named/))

  it('tells why it refused', () => failsAtStart({ command: affine('refuse') }, 'refused', /: no such provider/))

  it('does not wait for ever', () =>
    failsAtStart({ command: affine('never ready'), timeouts: { start: 500 } }, 'hung', /was not ready within 500 ms/))

  it('refuses one that lacks a model it was given', () =>
    failsAtStart(
      { command: affine(), models: [{ name: 'affine', path: fixture('affine') }] },
      'protocol',
      /ready, without the model 'affine'/
    ))

  it(
    'tells what Python lacks',
    { skip: lacks('numpy') || (!lacks('onnxruntime') && 'python3 here has onnxruntime') },
    () =>
      failsAtStart(
        { command: ['python3', reference], models: [{ name: 'affine', path: fixture('affine') }] },
        'refused',
        /has no onnxruntime .*install it/
      )
  )
})

describe('an executor that is stopped', () => {
  it('leaves nothing running of a process that does not end by itself', async t => {
    const { executor } = await started(t, 'deaf', { timeouts: { stop: 100 } })
    await run(executor)
    await executor.stop()
    await assert.rejects(run(executor), { name: 'ExecutorStoppedError' })
  })

  it('leaves nothing running that its process started', { timeout: 20_000 }, async t => {
    // stop() resolves when nobody holds the pipes of the process any more: here, its child does so until it is ended.
    const { executor } = await started(t, 'child', { maxRestarts: 0 })
    await run(executor)
    await executor.stop()
    await assert.rejects(run(executor), { name: 'ExecutorStoppedError' })
  })
})
