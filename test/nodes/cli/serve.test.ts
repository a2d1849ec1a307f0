import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createPeer } from '../../../nodes/index.ts'
import { command, LOOPBACK, lenet5, said, serve } from './processes.ts'

describe('splinemesh serve', () => {
  let folder = ''

  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'splinemesh-serve-'))
  })

  after(() => rmSync(folder, { recursive: true, force: true }))

  it('names each model, keeps its identity, and ends with exit code 0 on SIGTERM and SIGINT', async () => {
    const args = ['--model', `digits=${lenet5}`, lenet5, '--listen', LOOPBACK, '--identity', path.join(folder, 'key')]
    const first = await serve(...args)
    const { models } = first.ready as unknown as { models: Array<{ name: string }> }
    assert.deepEqual(
      models.map(({ name }) => name),
      ['digits', 'lenet5']
    )
    const ended = await first.end('SIGTERM')
    assert.equal(ended.code, 0, said(ended))
    assert.deepEqual(JSON.parse(ended.out), { event: 'stopped', signal: 'SIGTERM' })
    assert.equal(ended.err, '', 'no noise')

    const second = await serve(...args)
    const again = await second.end('SIGINT')
    assert.equal(again.code, 0, said(again))
    assert.equal(second.ready.id, first.ready.id, 'the same key gives the same peer id')
  })

  it('serves what a program of its own runs, counts for Prometheus, and ends the program', async () => {
    const program = path.resolve(import.meta.dirname, '../../runtime/affine-process.ts')
    const executor = ['--executor', `'${process.execPath}' '${program}'`]
    const serving = await serve(...executor, '--listen', LOOPBACK, '--metrics', '0')
    const { models, metrics } = serving.ready as unknown as { models: Array<{ name: string }>; metrics: string }
    assert.deepEqual(
      models.map(({ name }) => name),
      ['affine', 'two-inputs']
    )
    const counted = await (await fetch(metrics)).text()
    assert.match(counted, /^splinemesh_infer_in_flight_requests\{role="serving"\} 0$/m)
    assert.match(counted, /^process_cpu_seconds_total /m)
    assert.equal((await fetch(new URL('/', metrics))).status, 404)
    const ended = await serving.end()
    assert.equal(ended.code, 0, said(ended))
  })

  it('refuses a program that cannot run the models, exit code 4', async () => {
    const ended = await command('serve', '--model', lenet5, '--executor', 'echo no >&2; exit 3', '--listen', LOOPBACK)
    assert.equal(ended.code, 4, said(ended))
    assert.match(ended.err, /ExecutorProcessError \(ERR_EXECUTOR_PROCESS\): .* exit code 3\. Its last words: no/)
  })

  it('refuses to serve nothing, exit code 2', async () => {
    const ended = await command('serve', '--listen', LOOPBACK)
    assert.equal(ended.code, 2, said(ended))
    assert.match(ended.err, /^UsageError \(ERR_USAGE\): say what to serve/)
  })

  it('refuses a port that is in use, exit code 5', async () => {
    const first = await createPeer({ listen: [LOOPBACK] })
    try {
      const taken = first.addresses[0].replace(/\/p2p\/.*/, '')
      const ended = await command('serve', '--model', lenet5, '--listen', taken)
      assert.equal(ended.code, 5, said(ended))
      assert.match(ended.err, /^PortInUseError \(ERR_PORT_IN_USE\): .*/)
    } finally {
      await first.stop()
    }
  })

  for (const [what, file] of [
    ['missing', 'no.onnx'],
    ['corrupt', 'corrupt.onnx']
  ]) {
    it(`refuses a model that is ${what}, exit code 4`, async () => {
      writeFileSync(path.join(folder, 'corrupt.onnx'), 'not a model')
      const ended = await command('serve', '--model', path.join(folder, file), '--listen', LOOPBACK)
      assert.equal(ended.code, 4, said(ended))
      assert.match(ended.err, new RegExp(`^ModelLoadError \\(ERR_MODEL_LOAD\\): .*${file}`))
    })
  }
})
