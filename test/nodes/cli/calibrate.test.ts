import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parseProfile } from '../../../src/codes/index.ts'
import { contentId } from '../../../src/models/index.ts'
import { parseExitsProfile } from '../../../src/profiles/index.ts'
import { command, digits, LOOPBACK, lenet5, type Serving, said, serve, splinemesh } from './processes.ts'

const images = path.join(digits, 'test-images.npy')
const labels = path.join(digits, 'test-labels.npy')
const examples = [0, 1, 2, 3].map(digit => path.join(digits, 'examples', `${digit}.png`))
const four = ['--k', '4', '--n', '12', '--groups', '12', '--lambda-encode', '0', '--lambda-decode', '1e-6']

describe('splinemesh calibrate, and infer by its profile', () => {
  let folder = ''
  let worker: Serving

  const file = (name: string): string => path.join(folder, name)
  const onImages = ['calibrate', '--model', lenet5, '--data', images]
  const calibrate = (...args: string[]) => command(...onImages, ...args)
  const infer = (...args: string[]) =>
    command(
      ...['infer', '--peer', worker.address, '--deadline', '10s', '--stragglers', '0'],
      ...['--model', 'lenet5', '--input', ...examples, '--profile', ...args]
    )

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'splinemesh-calibrate-'))
    worker = await serve('--model', lenet5, '--listen', LOOPBACK)
  })

  after(async () => {
    await worker?.end()
    rmSync(folder, { recursive: true, force: true })
  })

  it('prints what both decoders are worth, and writes a profile of this very model that infer decodes by', async () => {
    const ended = await splinemesh(...onImages, ...four, '--labels', labels, '--out', file('m.json'))
    assert.equal(ended.code, 0, said(ended))
    assert.match(
      ended.out,
      /^nercc \(k 4, n 12\), order path · λe 0, λd 1e-6\ndecoder: .* · \d\.\d\d% of honest results/
    )
    assert.match(ended.out, /survivors +error \(plain\) +error \(covariance\) .*accuracy \(covariance\)\n +12 /)
    assert.match(ended.out, /m\.json · 1 plan · accuracy of the model itself \d\.\d{3}/)
    assert.match(ended.out, /learned on 12 groups, chosen on 4, scored on 4 held back · seed 1/)
    assert.equal(ended.err, '', 'no noise')
    const profile = parseProfile(readFileSync(file('m.json'), 'utf8'))
    assert.equal(profile.model, contentId(readFileSync(lenet5)))

    const answered = await infer(file('m.json'), '--json')
    assert.equal(answered.code, 0, said(answered))
    const { outcomes, groups } = JSON.parse(answered.out)
    assert.equal(groups[0].code, 'nercc')
    for (const outcome of outcomes) {
      assert.equal(outcome.status, 'reconstructed')
      assert.ok(outcome.expected.error > 0, `error ${outcome.expected.error}`)
      assert.ok(outcome.expected.agreement > 0 && outcome.expected.agreement <= 1, `${outcome.expected.agreement}`)
    }
  })

  it('fits a student, says what it is worth, and infer has the master ask it', async () => {
    const ended = await calibrate('--student', '--out', file('digits.json'))
    assert.equal(ended.code, 0, said(ended))
    assert.match(ended.out, /agreement +least sure +surest +error +cost\n +0\.\d{3} /)
    assert.match(ended.out, /digits\.json · judged by \d+ queries/)
    const answered = await command(
      ...['infer', '--peer', worker.address, '--deadline', '10s', '--model', 'lenet5', '--input', ...examples],
      ...['--student', file('digits.json'), '--json']
    )
    assert.equal(answered.code, 0, said(answered))
    const { groups } = JSON.parse(answered.out)
    assert.ok(
      groups[0].tasks.some(({ role }: { role: string }) => role === 'student'),
      answered.out
    )
  })

  it('learns what parity models are worth, and infer asks for them', async () => {
    // LeNet5 is a poor parity model of itself, but one.
    const ended = await calibrate('--parity', lenet5, '--k', '2', '--output', 'softmax', '--out', file('parity.json'))
    assert.equal(ended.code, 0, said(ended))
    assert.match(ended.out, /what +error +agreement\n1 of 2 missing +\d\.\d+ +0\.\d{3}\n/)
    const ask = ['infer', '--peer', worker.address, '--deadline', '10s', '--model', 'lenet5', '--input', ...examples]
    const answered = await command(...ask, '--parity', file('parity.json'), '--json')
    assert.equal(answered.code, 0, said(answered))
    const { groups } = JSON.parse(answered.out)
    for (const { code, k, n, tasks } of groups) {
      assert.deepEqual({ code, k, n }, { code: 'parm', k: 2, n: 3 })
      assert.equal(tasks.filter(({ role }: { role: string }) => role === 'parity').length, 1)
    }
    const refused = await command(...ask, '--parity', file('parity.json'), '--k', '3')
    assert.equal(refused.code, 2, said(refused))
    assert.match(refused.err, /the parity models are for k 2, and 3 is asked for/)
  })

  it('gives the model exits after a share of its work, and writes what infer is to know of them', async () => {
    const ended = await calibrate('--exits', '0.3', '--out', file('exits.json'))
    assert.equal(ended.code, 0, said(ended))
    assert.match(
      ended.out,
      /^exit +work done +agreement .*\nexit1 +28\.2% +0\.\d{3} .*\n.*exits\.onnx for workers to serve/
    )
    const { model, exits } = parseExitsProfile(readFileSync(file('exits.json'), 'utf8'))
    assert.equal(model, contentId(readFileSync(file('exits.onnx'))))
    assert.deepEqual(
      exits.map(({ output }) => output),
      ['exit1']
    )
    const other = ['--peer', worker.address, '--model', 'lenet5', '--input', ...examples, '--exits', file('exits.json')]
    assert.match((await command('infer', ...other)).err, /workers serve the file that calibrate --exits wrote/)
  })

  it('says that a model of images of one size gives no description', async () => {
    const ended = await calibrate('--description', '--out', file('none.json'))
    assert.equal(ended.code, 0, said(ended))
    assert.match(ended.out, /copies are better/)
    assert.throws(() => readFileSync(file('none.json')), { code: 'ENOENT' })
  })

  it('runs the model on workers where it is told of some', async () => {
    const args = ['--k', '4', '--n', '6', '--code', 'bacc', '--groups', '3', '--out', file('mesh.json')]
    const ended = await command(
      ...['calibrate', '--model', 'lenet5', '--data', images, '--peer', worker.address, ...args]
    )
    assert.equal(ended.code, 0, said(ended))
    const { model, plans } = parseProfile(readFileSync(file('mesh.json'), 'utf8'))
    assert.equal(model, contentId(readFileSync(lenet5)))
    assert.equal(plans[0].expected.length, 6)
  })

  it('prints the profile without its moments and all scores as JSON', async () => {
    const ended = await calibrate(...four, '--out', file('j.json'), '--json')
    assert.equal(ended.code, 0, said(ended))
    const { file: written, profile, scores } = JSON.parse(ended.out)
    assert.equal(written, file('j.json'))
    assert.equal(profile.plans[0].moments, undefined)
    assert.equal(scores[0].length, 12)
    assert.ok(scores[0][5].covariance.mse > 0)
  })

  it('writes a plan for each combination, and infer takes the one that is asked for', async () => {
    const lists = ['--k', '4', '--n', '6,8', '--code', 'bacc,approxifer', '--systematic', 'also', '--groups', '5']
    const ended = await calibrate(...lists, '--out', file('many.json'))
    assert.equal(ended.code, 0, said(ended))
    const { plans } = parseProfile(readFileSync(file('many.json'), 'utf8'))
    assert.deepEqual(
      plans.map(({ code: { name, n, layout } }) => [n, name, layout]),
      [6, 8].flatMap(n => [
        [n, 'bacc', undefined],
        [n, 'bacc', 'systematic'],
        [n, 'approxifer', undefined]
      ])
    )
    const ambiguous = await infer(file('many.json'), '--n', '6', '--code', 'bacc')
    assert.equal(ambiguous.code, 2, said(ambiguous))
    assert.match(
      ambiguous.err,
      /ProfileMismatchError .*2 plans of the profile have .*: say which; it has: bacc \(k 4, n 6\)/
    )
    const answered = await infer(file('many.json'), '--n', '6', '--code', 'bacc', '--no-systematic', '--json')
    assert.equal(answered.code, 0, said(answered))
    const [group] = JSON.parse(answered.out).groups
    assert.deepEqual([group.code, group.n, group.tasks[0].role], ['bacc', 6, 'coded'])
  })

  it('refuses to infer by a profile of another model, or with other options', async () => {
    assert.equal((await calibrate(...four, '--out', file('a.json'))).code, 0)
    const text = readFileSync(file('a.json'), 'utf8')
    writeFileSync(file('b.json'), text.replace(/"model":"\w+"/, `"model":"${'0'.repeat(64)}"`))
    writeFileSync(file('c.json'), text.replace('"version":2', '"version":9'))
    const cases: Array<[string[], RegExp]> = [
      [[file('b.json')], /ProfileMismatchError .* is of the model 000000000000, and 'lenet5' is/],
      [[file('a.json'), '--k', '5'], /ProfileMismatchError .* no plan of the profile has k 5; it has: nercc/],
      [[file('a.json'), '--code', 'bacc'], /ProfileMismatchError .* no plan of the profile has code bacc; it has/],
      [[file('c.json')], /InvalidProfileError .*c\.json: this is a profile of version 9/],
      [[file('none.json')], /InputFileError .*cannot read the profile/]
    ]
    for (const [args, error] of cases) {
      const ended = await infer(...args)
      assert.equal(ended.code, 2, said(ended))
      assert.match(ended.err, error)
    }
  })

  it('refuses what it cannot calibrate with', async () => {
    const cases: Array<[string[], RegExp]> = [
      [['--k', '4', '--n', '8', '--code', 'replication'], /InvalidOptionError .*only copies/],
      [['--k', '200', '--n', '400'], /InvalidOptionError .*at least 4·k = 800 queries, got 450/],
      [[...four, '--labels', images], /InputFileError .*is no list of classes/],
      [[...four, '--data', examples[0]], /InputFileError .*is an image/]
    ]
    for (const [args, error] of cases) {
      const ended = await calibrate(...args, '--out', file('no.json'))
      assert.equal(ended.code, 2, said(ended))
      assert.match(ended.err, error)
    }
  })
})
