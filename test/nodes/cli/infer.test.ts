import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { formatNpy, parseNpy, Tensor } from '../../../src/tensor/index.ts'
import { command, digits, LOOPBACK, lenet5, type Serving, said, serve, splinemesh } from './processes.ts'

const examples = [0, 1, 2, 3].map(digit => path.join(digits, 'examples', `${digit}.png`))

describe('splinemesh infer and peers', () => {
  let folder = ''
  let worker: Serving

  const file = (name: string): string => path.join(folder, name)
  // A deadline that a loaded machine keeps: what is tested is not speed.
  const asked = () => ['infer', '--peer', worker.address, '--deadline', '10s']
  const infer = (...args: string[]) => command(...asked(), ...args)

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'splinemesh-infer-'))
    worker = await serve('--model', lenet5, '--listen', LOOPBACK)
  })

  after(async () => {
    await worker?.end()
    rmSync(folder, { recursive: true, force: true })
  })

  it('prints the right digit of each image, and traces who got what', async () => {
    const ended = await splinemesh(...asked(), '--model', 'lenet5', '--input', ...examples, '--trace')
    assert.equal(ended.code, 0, said(ended))
    examples.forEach((_, digit) => {
      assert.match(ended.out, new RegExp(`${digit}\\.png +${digit} +\\d\\.\\d{3} +exact\\n`))
    })
    assert.match(ended.out, /answered 4\/4, 4 exact · 1 group of 4 coded into 8 by replication · .* sent/)
    const peer = worker.ready.id.slice(-8)
    assert.match(ended.out, new RegExp(`\\n *0 +query +…${peer} +4\\.10 kB( +\\d+\\.\\d){5,6} +in time`))
    assert.match(ended.out, new RegExp(`waited last for coded query \\d at …${peer}, until `))
    assert.match(ended.out, /every query has a result of its own \(exact\)/)
    assert.equal(ended.err, '', 'no noise')
  })

  it('prints names of classes, and the runners-up', async () => {
    writeFileSync(file('labels.txt'), `${['zero', 'one', 'two'].join('\n')}\n${'other\n'.repeat(7)}`)
    const ended = await infer(
      ...['--model', 'lenet5', '--input', examples[2], '--labels', file('labels.txt'), '--top', '2']
    )
    assert.equal(ended.code, 0, said(ended))
    assert.match(ended.out, /2\.png +two \(2\) +\d\.\d{3} +exact +\w+ \(\d\) \d\.\d{3}/)
  })

  it('answers a batch by NeRCC for the very model file, as JSON, and saves the predictions', async () => {
    const images = parseNpy(readFileSync(path.join(digits, 'test-images.npy')))
    const labels = parseNpy(readFileSync(path.join(digits, 'test-labels.npy')))
    writeFileSync(file('ten.npy'), formatNpy(images.rows(0, 10)))
    const ended = await infer(
      ...['--model', lenet5, '--input', file('ten.npy'), '--k', '4', '--n', '12', '--code', 'nercc'],
      ...['--order', 'path', '--features', lenet5, '--stragglers', '0', '--json', '--save', file('out.npy')]
    )
    assert.equal(ended.code, 0, said(ended))
    const { model, output, outcomes, groups, summary } = JSON.parse(ended.out)
    assert.equal(model.name, 'lenet5')
    assert.equal(output, 'logits')
    assert.deepEqual([summary.queries, summary.answered, summary.groups], [10, 10, 3])
    assert.deepEqual(
      groups.map(({ k, n, code, stop }: Record<string, unknown>) => ({ k, n, code, stop })),
      [4, 4, 2].map(k => ({ k, n: 3 * k, code: 'nercc', stop: 'enough' }))
    )
    assert.equal(outcomes[3].query, 'ten.npy[3]')
    assert.equal(outcomes[3].status, 'reconstructed')
    assert.deepEqual(outcomes[3].output.shape, [1, 10])
    const saved = parseNpy(readFileSync(file('out.npy')))
    assert.deepEqual(saved.shape, [10, 10])
    assert.deepEqual(Array.from(saved.row(3).data, Number), outcomes[3].output.data)
    const right = outcomes.filter(
      ({ top }: { top: Array<{ class: number }> }, i: number) => top[0].class === Number(labels.data[i])
    )
    assert.ok(right.length >= 8, `NeRCC with every result should know most digits, it knew ${right.length} of 10`)
  })

  it('exits with 1 and says why when a query has no prediction', async () => {
    const ended = await infer(
      ...['--model', 'lenet5', '--input', ...examples, '--on-deadline', 'fail', '--deadline', '0.01ms', '--json']
    )
    assert.equal(ended.code, 1, said(ended))
    const { outcomes, summary } = JSON.parse(ended.out)
    assert.equal(summary.failed, 4)
    assert.deepEqual(
      new Set(outcomes.map((each: { error: { code: string } }) => each.error.code)),
      new Set(['ERR_DEADLINE'])
    )
  })

  it('refuses queries that do not fit the model or hold NaN, exit code 2', async () => {
    writeFileSync(file('shape.npy'), formatNpy(Tensor.float32(new Float32Array(784), [1, 1, 28, 28])))
    writeFileSync(file('nan.npy'), formatNpy(Tensor.float32(new Float32Array(1024).fill(Number.NaN), [1, 1, 32, 32])))
    for (const [name, error] of [
      ['shape.npy', 'ShapeMismatchError'],
      ['nan.npy', 'NotFiniteError']
    ]) {
      const ended = await infer('--model', 'lenet5', '--input', file(name))
      assert.equal(ended.code, 2, said(ended))
      assert.match(ended.err, new RegExp(`^${error} \\(ERR_\\w+\\): query 0 `))
    }
  })

  it('says what the workers serve when nobody serves the model, exit code 3, without waiting any longer', async () => {
    const ended = await infer('--model', 'other', '--input', examples[0], '--wait', '1h')
    assert.equal(ended.code, 3, said(ended))
    assert.match(ended.err, /NoWorkersError .*'other' was found: workers serve lenet5@[0-9a-f]{12}/)
  })

  it('lists the workers that can be reached', async () => {
    const ended = await splinemesh('peers', '--peer', worker.address, '--json')
    assert.equal(ended.code, 0, said(ended))
    const { workers, missing } = JSON.parse(ended.out)
    assert.deepEqual(missing, [])
    assert.deepEqual(
      workers.map(({ id, address }: Record<string, unknown>) => ({ id, address })),
      [{ id: worker.ready.id, address: worker.address }]
    )
    assert.ok(workers[0].reachedMs > 0)
    assert.equal(workers[0].models[0].name, 'lenet5')
  })
})
