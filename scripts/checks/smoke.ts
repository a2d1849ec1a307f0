/**
 * What a stranger gets: packs the package, installs the tarball into an empty folder and runs it there, on the Node of
 * the system and on the one of the repository. Run by `.ci/run`, in the repository's root.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'

const manifest = JSON.parse(readFileSync('package.json', 'utf8'))

// npm puts our own node_modules/.bin first on the PATH of its scripts; a stranger's PATH has no such folder.
const PATH = (process.env.PATH ?? '')
  .split(path.delimiter)
  .filter(folder => !folder.includes('node_modules'))
  .join(path.delimiter)

// Nor does a stranger get our .npmrc, which npm puts into the environment of its scripts. ONNX Runtime's install script,
// which wants GPU libraries from the internet, is told to skip as the README tells the stranger to.
const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('npm_'))
const env = { ...Object.fromEntries(inherited), PATH, ONNXRUNTIME_NODE_INSTALL: 'skip' }

/** A command that takes longer hangs. Generous: the install downloads ONNX Runtime. */
const timeout = 300_000

const folder = mkdtempSync(path.join(tmpdir(), 'splinemesh-smoke-'))
const binary = path.join(folder, 'node_modules/.bin/splinemesh')
const digits = path.join(folder, 'node_modules/splinemesh/scripts/models/digits')

/** How the binary is started: by its shebang, or by a given Node. */
type Start = [command: string, ...args: string[]]
const bySystem: Start = [binary]
const byRepository: Start = [process.execPath, binary]

function say(what: string): void {
  console.log(`smoke: ${what}`)
}

function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, {
    cwd: folder,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout
  })
}

function pack(): string {
  const before = readFileSync('package.json')
  execFileSync('npm', ['pack', '--loglevel=warn', '--pack-destination', folder], {
    stdio: ['ignore', 'ignore', 'inherit']
  })
  assert.deepEqual(readFileSync('package.json'), before, 'npm pack left another package.json behind')
  const [tarball] = globSync(path.join(folder, '*.tgz'))
  assert.ok(tarball !== undefined, 'npm pack made no tarball')
  return tarball
}

function install(tarball: string): void {
  writeFileSync(
    path.join(folder, 'package.json'),
    '{ "private": true, "type": "module", "allowScripts": { "node": true } }'
  )
  run('npm', 'install', tarball)
  assert.ok(!existsSync(path.join(folder, 'node_modules/node')), 'the published manifest brings a `node` package along')
}

function checkVersion([command, ...args]: Start): void {
  assert.equal(run(command, ...args, '--version').trim(), manifest.version)
}

/** Where the system's Node is too old, the binary says so; with a `node` package beside it, it runs. */
function prepareSystemNode(): void {
  const { status, stderr } = spawnSync(binary, ['--version'], { env, encoding: 'utf8' })
  if (status === 69) {
    say(`on the system's Node: ${stderr.trim().replace('\n', ' ')}`)
    run('npm', 'install', `node@${manifest.optionalDependencies.node}`)
  }
}

function checkLibrary(): void {
  const subpaths = Object.keys(manifest.exports).filter(subpath => !subpath.endsWith('.json'))
  const everything = subpaths.map(subpath => `import '${path.posix.join('splinemesh', subpath)}'`)
  const code = `import { nercc } from 'splinemesh/codes'
console.log(nercc({ k: 4, n: 12 }).encodingMatrix.length)`
  const printed = run(process.execPath, '--input-type=module', '--eval', [...everything, code].join('\n'))
  assert.equal(printed.trim(), '48')
}

/** One peer serves the shipped model, another asks it for the digits of the shipped examples. */
async function checkInference([command, ...args]: Start): Promise<void> {
  const model = path.join(digits, 'lenet5.onnx')
  const serve = [...args, 'serve', '--model', model, '--listen', '/ip4/127.0.0.1/tcp/0', '--json']
  const server = spawn(command, serve, { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'], timeout })
  try {
    const address = await addressFrom(createInterface(server.stdout))
    const images = globSync(path.join(digits, 'examples/*.png')).sort()
    const inputs = images.flatMap(image => ['--input', image])
    const options = ['--k', '4', '--n', '8', '--code', 'replication', '--deadline', '10s', '--json']
    const report = run(command, ...args, 'infer', '--bootstrap', address, '--model', model, ...inputs, ...options)
    const classes = JSON.parse(report).outcomes.map((outcome: { top: { class: number }[] }) => outcome.top[0]?.class)
    assert.deepEqual(classes, images.map(predictedClass), report)
  } finally {
    server.kill('SIGTERM')
    if (server.exitCode === null) {
      await once(server, 'exit')
    }
  }
  assert.equal(server.exitCode, 0, 'serve must end with 0 on SIGTERM')
}

/** What the model says of an example when it is run directly, as its training recorded. */
function predictedClass(image: string): number {
  const { examples } = JSON.parse(readFileSync(path.join(digits, 'recipe.json'), 'utf8'))
  return examples[path.basename(image)].predicted
}

async function addressFrom(lines: AsyncIterable<string>): Promise<string> {
  for await (const line of lines) {
    const [address] = line.match(/\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/\w+/) ?? []
    if (address !== undefined) {
      return address
    }
  }
  throw new Error('serve ended without printing an address')
}

try {
  install(pack())
  say('installed; the library and its subpaths')
  checkLibrary()
  prepareSystemNode()
  for (const start of [bySystem, byRepository]) {
    say(`${start === bySystem ? "the system's Node" : process.execPath}: --version, serve, infer`)
    checkVersion(start)
    await checkInference(start)
  }
  say('passed')
} finally {
  rmSync(folder, { recursive: true, force: true })
}
