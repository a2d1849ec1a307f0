import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { command, digits, LOOPBACK, lenet5, type Serving, said, serve, splinemesh } from './processes.ts'

const images = path.join(digits, 'test-images.npy')
const examples = [0, 1, 2, 3].map(digit => path.join(digits, 'examples', `${digit}.png`))

describe('splinemesh advise, and infer with the code that it recommends', () => {
  let folder = ''
  let profile = ''
  let worker: Serving

  const advise = (...args: string[]) => command('advise', '--profile', profile, ...args)
  const infer = (...args: string[]) =>
    command(
      ...['infer', '--peer', worker.address, '--model', 'lenet5', '--input', ...examples],
      ...['--deadline', '10s', '--code', 'auto', ...args]
    )

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'splinemesh-advise-'))
    profile = path.join(folder, 'p.json')
    const [ended, serving] = await Promise.all([
      command(
        ...['calibrate', '--model', lenet5, '--data', images, '--out', profile],
        ...['--k', '4', '--n', '12', '--groups', '12', '--lambda-encode', '0', '--lambda-decode', '1e-6']
      ),
      serve('--model', lenet5, '--listen', LOOPBACK)
    ])
    worker = serving
    assert.equal(ended.code, 0, said(ended))
  })

  after(async () => {
    await worker?.end()
    rmSync(folder, { recursive: true, force: true })
  })

  it('prints a row for each plan, and which to take and why', async () => {
    const ended = await splinemesh('advise', '--profile', profile, '--workers', '12', '--stragglers', '0.2')
    assert.equal(ended.code, 0, said(ended))
    assert.match(ended.out, /^code +k +n +runs a query +agreement +degraded +error +exact +complete +sent a query\n/)
    assert.match(ended.out, /\nreplication +4 +12 +3\.00 +0\.993 +0\.100 .* 0\.992 +0\.968 +12\.3 kB\n/)
    assert.match(ended.out, /\nuncoded +4 +4 +1\.00 +0\.820 /)
    assert.match(ended.out, /\nnercc +4 +12 +3\.00 +[01]\.\d{3} ± 0\.0\d\d /)
    assert.match(ended.out, /\ntake replication \(k 4, n 12\): at 12 workers and 20% stragglers it gives 99\.3% of the/)
    assert.equal(ended.err, '', 'no noise')
  })

  it('prints every plan as JSON', async () => {
    const ended = await advise('--workers', '12', '--stragglers', '3', '--k', '4', '--json')
    assert.equal(ended.code, 0, said(ended))
    const { recommended, reason, plans } = JSON.parse(ended.out)
    assert.match(reason, /at 12 workers and 3 stragglers it gives/)
    assert.equal(plans.length, 10, 'uncoded, replication with 5 to 12, nercc')
    assert.ok(plans.some((plan: unknown) => JSON.stringify(plan) === JSON.stringify(recommended)))
  })

  it('weighs what slow workers say early, where it is told how slow they are', async () => {
    const scenarios = path.join(digits, '../../chaos/scenarios')
    const asked = (...args: string[]) =>
      command(
        ...['advise', '--profile', path.join(scenarios, 'convnet.profile.json'), '--workers', '12'],
        ...['--exits', path.join(digits, 'convnet.exits.json'), ...args]
      )
    const ended = await asked('--deadline', '200ms', '--latency', '20ms,400ms')
    assert.equal(ended.code, 0, said(ended))
    assert.match(ended.out, /\ntake replication beside exits \(k 4, n \d\)/)
    const refused = await asked('--stragglers', '0.1')
    assert.equal(refused.code, 2, said(refused))
    assert.match(refused.err, /--deadline and --latency/)
  })

  it('tells from a deadline and from how long answers take who is late', async () => {
    const ended = await advise(
      '--workers',
      '12',
      '--deadline',
      '150ms',
      '--latency',
      '20ms,150ms',
      '--stragglers',
      '0.1'
    )
    assert.equal(ended.code, 0, said(ended))
    assert.match(
      ended.out,
      /\nlate: 11% at 150 ms, as 1% of answers take longer \(log-normal, p50 20 ms, p99 150 ms\) and 10% never come\n/
    )
    assert.match(ended.out, /\ntake .* at 12 workers and 10\.9% stragglers/)
  })

  it('makes infer take the recommended plan for the workers that it finds, and say why', async () => {
    const ended = await infer('--profile', profile)
    assert.equal(ended.code, 0, said(ended))
    assert.match(ended.out, /answered 4\/4, 4 exact · 1 group of 4 coded into 4 by uncoded/)
    assert.match(
      ended.out,
      /chosen: uncoded \(k 4, n 4\): at 1 worker and 10% stragglers .*; 10% is an assumption: say it with --stragglers/
    )
  })

  it('refuses what it cannot compare', async () => {
    const other = path.join(folder, 'other.json')
    writeFileSync(other, readFileSync(profile, 'utf8').replace(/"model":"\w+"/, `"model":"${'0'.repeat(64)}"`))
    const fleet = ['--workers', '12', '--stragglers', '0.2']
    const cases: Array<[() => ReturnType<typeof command>, RegExp]> = [
      [() => advise('--workers', '12', '--stragglers', '1.5'), /UsageError .*Give a share such as 0\.2/],
      [() => advise('--workers', '12', '--stragglers', '13'), /InvalidFleetError .*of the 12 workers; got 13/],
      [() => advise(...fleet, '--k', '4', '--n', '3'), /NoAdviceError .*\(k, n\) of the profile are \(4, 12\)/],
      [
        () => advise(other, ...fleet),
        /ProfileMismatchError .*other\.json is of output logits of the model 000000000000/
      ],
      [() => infer('--stragglers', '0.2'), /UsageError .*--code auto compares the plans of --profile/],
      [() => infer('--stragglers', '0', '--profile', profile, '--degree', '2'), /UsageError .*leave out degree/],
      [() => infer('--stragglers', '0', '--profile', other), /ProfileMismatchError .*calibrate this model/]
    ]
    for (const [run, error] of cases) {
      const ended = await run()
      assert.equal(ended.code, 2, said(ended))
      assert.match(ended.err, error)
    }
  })
})
