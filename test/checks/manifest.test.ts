import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'

const root = path.resolve(import.meta.dirname, '../..')
const original = readFileSync(path.join(root, 'package.json'), 'utf8')

describe('the published manifest', () => {
  let folder = ''

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'splinemesh-manifest-'))
    cpSync(path.join(root, 'package.json'), path.join(folder, 'package.json'))
  })

  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  function manifest(command: string) {
    const args = [path.join(root, 'scripts/package/manifest.mjs'), command]
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
    return { status, stderr, text: readFileSync(path.join(folder, 'package.json'), 'utf8') }
  }

  it('is the one of the repository without the `node` package and our scripts', () => {
    const { optionalDependencies, scripts, ...rest } = JSON.parse(original)
    assert.ok('node' in optionalDependencies, 'the repository itself needs the `node` package')
    const { text, stderr } = manifest('strip')
    const { node, ...others } = optionalDependencies
    assert.deepEqual(JSON.parse(text), { ...rest, optionalDependencies: others }, stderr)
  })

  it('leaves the repository byte for byte as it was', () => {
    manifest('strip')
    assert.equal(manifest('restore').text, original)
  })

  it('survives a pack that was cut short', () => {
    manifest('strip')
    manifest('strip')
    assert.equal(manifest('restore').text, original)
  })

  it('is not published from the folder, where npm would read the other one', () => {
    const { status, stderr } = manifest('refuse')
    assert.equal(status, 1)
    assert.match(stderr, /npm publish \.\/splinemesh-/)
  })

  it('exports only what has a source', () => {
    const exported = Object.values(JSON.parse(original).exports) as string[]
    for (const built of exported.filter(file => file.startsWith('./dist/'))) {
      const source = built.replace('./dist/', '').replace(/\.js$/, '.ts')
      assert.ok(existsSync(path.join(root, source)), `package.json exports ${built}, and there is no ${source}`)
    }
  })
})
