import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'

const root = path.resolve(import.meta.dirname, '../..')

/** Code that must not stand in `file`, and the rule that says so. */
interface Planted {
  file: string
  code: string
  rule: string
}

const imports = 'lint/style/noRestrictedImports'
const globals = 'lint/style/noRestrictedGlobals'
const properties = 'lint/nursery/noJsRestrictedProperties'
const undeclared = 'lint/correctness/noUndeclaredDependencies'

const planted: Planted[] = [
  { rule: globals, file: 'src/codes', code: 'export const at = Date.now()' },
  { rule: globals, file: 'src/codes', code: 'export const at = new Date()' },
  { rule: globals, file: 'src/fleet', code: 'export const at = performance.now()' },
  { rule: globals, file: 'src/inference', code: 'export const at = globalThis.performance.now()' },
  { rule: globals, file: 'src/inference', code: 'setTimeout(() => undefined, 1)' },
  { rule: globals, file: 'src/inference', code: 'setInterval(() => undefined, 1)' },
  { rule: globals, file: 'src/simulation', code: 'setImmediate(() => undefined)' },
  { rule: globals, file: 'src/simulation', code: 'export const id = crypto.randomUUID()' },
  { rule: properties, file: 'src/simulation', code: 'export const chance = Math.random()' },
  { rule: properties, file: 'src/simulation', code: 'export const { random } = Math' },
  { rule: properties, file: 'src/inference', code: 'export const soon = AbortSignal.timeout(1)' },
  { rule: properties, file: 'src/inference', code: 'export const either = AbortSignal.any([])' },
  { rule: properties, file: 'src/fleet', code: 'export const at = process.hrtime.bigint()' },
  { rule: imports, file: 'src/fleet', code: "export { performance } from 'node:perf_hooks'" },
  { rule: imports, file: 'src/fleet', code: "export { setTimeout } from 'node:timers/promises'" },
  { rule: imports, file: 'src/models', code: "export { randomBytes } from 'node:crypto'" },
  { rule: imports, file: 'src/codes', code: "export type { PeerId } from '@libp2p/interface'" },
  { rule: imports, file: 'src/runtime', code: "export { createLibp2p } from 'libp2p'" },
  { rule: imports, file: 'src/runtime', code: "export { noise } from '@chainsafe/libp2p-noise'" },
  { rule: imports, file: 'src/inference', code: "export { multiaddr } from '@multiformats/multiaddr'" },
  { rule: imports, file: 'src/models', code: "export { InferenceSession } from 'onnxruntime-node'" },
  { rule: imports, file: 'src/inference', code: "export { Worker } from 'node:worker_threads'" },
  { rule: imports, file: 'protocols/infer', code: "export { Worker } from 'node:worker_threads'" },
  { rule: imports, file: 'nodes', code: "export { InferenceSession } from 'onnxruntime-node'" },
  { rule: imports, file: 'nodes', code: "export { nercc } from 'splinemesh/codes'" },
  { rule: imports, file: 'src/inference', code: "export { nercc } from 'splinemesh/codes'" },
  { rule: undeclared, file: 'nodes', code: "export { default } from 'fast-check'" },
  { rule: undeclared, file: 'nodes', code: "export { default } from 'p-queue'" }
].map(({ file, ...rest }, i) => ({ ...rest, file: `${file}/planted-${i}.ts` }))

const harmless: Omit<Planted, 'rule'>[] = [
  { file: 'src/models/id.ts', code: "export { createHash } from 'node:crypto'" },
  { file: 'src/codes/bound.ts', code: 'export const bound = Math.max(1, 2)' },
  { file: 'src/runtime/thread.ts', code: "export { Worker } from 'node:worker_threads'" },
  { file: 'src/runtime/session.ts', code: "export { InferenceSession } from 'onnxruntime-node'" },
  { file: 'src/runtime/timing.ts', code: 'export const at = performance.now() + Math.random()' },
  { file: 'nodes/clock.ts', code: 'setTimeout(() => undefined, Date.now())' },
  { file: 'scripts/check.ts', code: "export { default } from 'fast-check'" },
  {
    file: 'test/codes/any.test.ts',
    code: "export { Worker } from 'node:worker_threads'\nexport const x = Math.random()"
  }
]

const cycle = {
  'src/fleet/here.ts': "import { there } from './there.ts'\nexport const here = () => there\n",
  'src/fleet/there.ts': "import { here } from './here.ts'\nexport const there = () => here\n"
}

interface Diagnostic {
  category: string
  location: { path: string }
}

describe('the lint rules', () => {
  let folder = ''
  const found = new Map<string, string[]>()

  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'splinemesh-lint-'))
    for (const file of ['biome.json', 'package.json', '.gitignore']) {
      cpSync(path.join(root, file), path.join(folder, file))
    }
    symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'))
    const files = [...planted, ...harmless].map(({ file, code }) => [file, `${code}\n`])
    for (const [file, code] of [...files, ...Object.entries(cycle)] as [string, string][]) {
      mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
      writeFileSync(path.join(folder, file), code)
    }
    const biome = path.join(root, 'node_modules/@biomejs/biome/bin/biome')
    const args = [biome, 'lint', '--reporter=json', '--max-diagnostics=none', '--diagnostic-level=error']
    const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
    assert.match(stdout, /^\{/, `biome printed no report: ${stderr}`)
    for (const { category, location } of (JSON.parse(stdout) as { diagnostics: Diagnostic[] }).diagnostics) {
      found.set(location.path, [...(found.get(location.path) ?? []), category])
    }
  })

  after(() => rmSync(folder, { recursive: true, force: true }))

  for (const { file, code, rule } of planted) {
    it(`stop in ${path.dirname(file)}: ${code}`, () => {
      assert.ok(found.get(file)?.includes(rule), `wanted ${rule} in ${file}, got ${found.get(file)}`)
    })
  }

  for (const { file, code } of harmless) {
    it(`let pass in ${path.dirname(file)}: ${code.replaceAll('\n', '; ')}`, () => {
      assert.equal(found.get(file), undefined)
    })
  }

  it('see a cycle of imports', () => {
    for (const file of Object.keys(cycle)) {
      assert.deepEqual(found.get(file), ['lint/suspicious/noImportCycles'])
    }
  })
})
