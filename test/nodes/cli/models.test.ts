import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { cidOf, contentId } from '../../../src/models/index.ts'
import { command, type Ended, LOOPBACK, lenet5, type Serving, said, serve, splinemesh } from './processes.ts'

const id = contentId(readFileSync(lenet5))

function modelsOf(ended: Ended): Array<{ id: string; name: string; cid: string; bytes: number }> {
  assert.equal(ended.code, 0, said(ended))
  return JSON.parse(ended.out).models
}

describe('splinemesh models', () => {
  let folder = ''
  let seed: Serving
  const cache = (name: string): string[] => ['--cache', path.join(folder, name)]

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'splinemesh-cli-models-'))
    seed = await serve('--model', lenet5, '--listen', LOOPBACK, ...cache('seed'))
  })

  after(async () => {
    await seed?.end()
    rmSync(folder, { recursive: true, force: true })
  })

  it('add, ls, verify and rm: a model comes, is shown with its ids, is sound, and goes', async () => {
    const [added] = modelsOf(await command('models', 'add', lenet5, '--name', 'digits', '--json', ...cache('one')))
    assert.deepEqual([added.id, added.cid, added.name], [id, cidOf(id), 'digits'])
    const shown = await splinemesh('models', 'ls', ...cache('one'))
    assert.match(shown.out, new RegExp(`digits +249 kB +\\d{4}-\\d\\d-\\d\\d +${cidOf(id)}`))
    assert.deepEqual(modelsOf(await command('models', 'verify', '--json', ...cache('one'))).length, 1)
    await command('models', 'rm', id.slice(0, 8), ...cache('one'))
    assert.match((await command('models', 'ls', ...cache('one'))).out, /no models/)
  })

  it('add refuses what is no model, exit code 4, and what is no file, exit code 2', async () => {
    const text = path.join(folder, 'text.onnx')
    writeFileSync(text, 'not a model')
    const refused = await command('models', 'add', text, ...cache('none'))
    assert.equal(refused.code, 4, said(refused))
    assert.match(refused.err, /^MalformedModelError \(ERR_MALFORMED_MODEL\)/)
    const missing = await command('models', 'add', 'missing.onnx', ...cache('none'))
    assert.equal(missing.code, 2, said(missing))
    assert.match(missing.err, /^InputFileError/)
  })

  it('verify finds a model that was changed on disk, exit code 4', async () => {
    const [{ name }] = modelsOf(await command('models', 'add', lenet5, '--json', ...cache('changed')))
    writeFileSync(path.join(folder, 'changed', `${id}.onnx`), 'changed')
    const ended = await command('models', 'verify', name, ...cache('changed'))
    assert.equal(ended.code, 4, said(ended))
    assert.match(ended.err, /^ModelCorruptError/)
  })

  it('fetch gets a model from a worker that serves it, by its CID; serve fetches it too, from one that fetched it', async () => {
    const asked = `lenet5@${cidOf(id)}`
    const fetched = await command('models', 'fetch', asked, '--peer', seed.address, '--json', ...cache('fetched'))
    assert.deepEqual(
      modelsOf(fetched).map(model => [model.name, model.id]),
      [['lenet5', id]]
    )

    const args = ['--model', asked, '--listen', LOOPBACK, '--allow', id]
    const worker = await serve(...args, '--peer', seed.address, ...cache('worker'))
    const { models } = worker.ready as unknown as { models: Array<{ id: string }> }
    assert.equal(models[0].id, id)
    await worker.end()
    const again = await serve(...args, ...cache('worker'))
    await again.end()
  })

  it('fetch fails where nobody has the model, exit code 4; without peers, and with half an id, exit code 2', async () => {
    const other = 'f'.repeat(64)
    const nobody = await command('models', 'fetch', other, '--peer', seed.address, '--wait', '500ms', ...cache('x'))
    assert.equal(nobody.code, 4, said(nobody))
    assert.match(nobody.err, /^ModelUnavailableError/)
    const alone = await command('models', 'fetch', other, ...cache('x'))
    assert.equal(alone.code, 2, said(alone))
    assert.match(alone.err, /--peer/)
    const half = await command('models', 'fetch', 'lenet5@3aae', ...cache('x'))
    assert.equal(half.code, 2, said(half))
    assert.match(half.err, /no content id/)
  })

  it('serve refuses a model that is not allowed, exit code 2', async () => {
    const ended = await command(
      'serve',
      '--model',
      lenet5,
      '--allow',
      'f'.repeat(64),
      '--listen',
      LOOPBACK,
      ...cache('y')
    )
    assert.equal(ended.code, 2, said(ended))
    assert.match(ended.err, /^ModelNotAllowedError/)
  })
})
