import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { after, beforeEach, describe, it } from 'node:test'

const root = path.resolve(import.meta.dirname, '../..')

/** Makes a process believe that it runs on Node 20, but not the ones that it starts. */
const OLD = ['--import', `data:text/javascript,Object.defineProperty(process, 'version', { value: 'v20.20.2' })`]

/** Stands for the command line: says where it runs and what it got, then ends as told. */
const STUB = `
if (process.argv.includes('wait')) {
  process.on('SIGTERM', () => { process.exitCode = 7; clearInterval(timer) })
  const timer = setInterval(() => {}, 1000)
} else {
  process.exitCode = 3
}
// Last: it tells the test that the handler stands.
console.log(JSON.stringify({ main: import.meta.url.split('/').at(-1), version: process.version, args: process.argv.slice(2) }))
`

describe('the launcher', () => {
  const folders: string[] = []
  let folder = ''

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'splinemesh-launcher-'))
    folders.push(folder)
    for (const [from, to] of [
      ['nodes/cli/splinemesh.mjs', 'nodes/cli/splinemesh.mjs'],
      ['package.json', 'package.json']
    ] as const) {
      cpSync(path.join(root, from), path.join(folder, to))
    }
  })

  after(() => {
    for (const each of folders) {
      rmSync(each, { recursive: true, force: true })
    }
  })

  function write(file: string, code: string): void {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
    writeFileSync(path.join(folder, file), code)
  }

  /** A `node` package whose binary is the Node that runs this test. */
  function addNodePackage(version: string): void {
    write('node_modules/node/package.json', JSON.stringify({ name: 'node', version, bin: { node: 'bin/node' } }))
    mkdirSync(path.join(folder, 'node_modules/node/bin'))
    symlinkSync(process.execPath, path.join(folder, 'node_modules/node/bin/node'))
  }

  function launch(options: readonly string[], ...args: string[]): ChildProcess {
    return spawn(process.execPath, [...options, path.join(folder, 'nodes/cli/splinemesh.mjs'), ...args], {
      stdio: ['ignore', 'pipe', 'pipe']
    })
  }

  async function ended(child: ChildProcess) {
    assert.ok(child.stdout !== null && child.stderr !== null)
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
    return { out, err, code }
  }

  it('runs the source of the command line in a checkout, with its arguments and its exit code', async () => {
    write('nodes/cli/main.ts', STUB)
    const { out, err, code } = await ended(launch([], 'serve', '--json'))
    assert.deepEqual(JSON.parse(out), { main: 'main.ts', version: process.version, args: ['serve', '--json'] }, err)
    assert.equal(code, 3)
  })

  it('runs what was built where there is no source, as in the installed package', async () => {
    write('dist/nodes/cli/main.js', STUB)
    const { out, err } = await ended(launch([]))
    assert.equal(JSON.parse(out).main, 'main.js', err)
  })

  it('runs what was built on a Node that does not strip types', async () => {
    write('nodes/cli/main.ts', STUB)
    write('dist/nodes/cli/main.js', STUB)
    const { out, err } = await ended(launch(['--no-experimental-strip-types']))
    assert.equal(JSON.parse(out).main, 'main.js', err)
  })

  it('starts itself again on the Node of the `node` package when its own is too old', async () => {
    write('nodes/cli/main.ts', STUB)
    addNodePackage('24.21.0')
    const { out, err, code } = await ended(launch(OLD, 'infer', '--k', '4'))
    assert.deepEqual(JSON.parse(out), { main: 'main.ts', version: process.version, args: ['infer', '--k', '4'] }, err)
    assert.equal(code, 3)
  })

  it('hands signals on to the Node it started, and ends as that one does', {
    skip: process.platform === 'win32'
  }, async () => {
    write('nodes/cli/main.ts', STUB)
    addNodePackage('24.21.0')
    const child = launch(OLD, 'wait')
    assert.ok(child.stdout !== null)
    child.stdout.once('data', () => child.kill('SIGTERM'))
    const { err, code } = await ended(child)
    assert.equal(code, 7, `the child's handler sets 7: ${err}`)
  })

  it('says what it needs, with exit code 69, when no Node is new enough', async () => {
    write('nodes/cli/main.ts', STUB)
    const { out, err, code } = await ended(launch(OLD))
    assert.equal(out, '')
    assert.match(err, /needs Node 22\.12 or newer; this is v20\.20\.2/)
    assert.match(err, /npm install node@24/)
    assert.equal(code, 69)
  })

  it('does not start a `node` package that is too old as well', async () => {
    write('nodes/cli/main.ts', STUB)
    addNodePackage('20.20.2')
    const { code } = await ended(launch(OLD))
    assert.equal(code, 69)
  })

  it('does not start a `node` package whose install script did not run', async () => {
    write('nodes/cli/main.ts', STUB)
    addNodePackage('24.21.0')
    rmSync(path.join(folder, 'node_modules/node/bin/node'))
    const { code } = await ended(launch(OLD))
    assert.equal(code, 69)
  })
})
