#!/usr/bin/env node
/**
 * What the `splinemesh` binary starts. A shebang takes whatever Node is on the PATH, so this file is plain JavaScript
 * without dependencies that any Node ≥ 16 runs: on a Node that is new enough it imports the command line, else it
 * starts itself again on the Node of the `node` package, if that is installed. Exit code 69 (EX_UNAVAILABLE of sysexits):
 * there is no Node that can run it.
 */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import module, { createRequire } from 'node:module'
import { constants } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const EX_UNAVAILABLE = 69
const OLDEST = [22, 12]

/** @param {string} version as `process.version` or a manifest has it */
function isNewEnough(version) {
  const [major, minor] = version.replace(/^v/, '').split('.').map(Number)
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])
}

/** The command line: its source in a checkout, where Node can strip types; else what was built. */
function entry() {
  const source = new URL('main.ts', import.meta.url)
  const runsSource = Boolean(process.features.typescript) && existsSync(source)
  return runsSource ? source : new URL('../../dist/nodes/cli/main.js', import.meta.url)
}

/** The binary of an installed `node` package, or undefined. Its install script may not have run: then there is none. */
function packagedNode() {
  try {
    const manifest = createRequire(import.meta.url).resolve('node/package.json')
    const { version, bin } = JSON.parse(readFileSync(manifest, 'utf8'))
    const binary = path.join(path.dirname(manifest), bin.node)
    return isNewEnough(version) && existsSync(binary) ? binary : undefined
  } catch {
    return undefined
  }
}

/** Runs this file on another Node, which gets our streams and signals and whose end becomes ours. */
function runOn(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' })
  const forward = signal => child.kill(signal)
  // A terminal sends Ctrl-C to the child as well; forwarded, it would count twice.
  process.on('SIGINT', process.stdin.isTTY ? () => {} : forward)
  process.on('SIGTERM', forward)
  process.on('SIGHUP', forward)
  child.on('error', error => {
    complain(`${node} does not start: ${error.message}.`)
  })
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal]
  })
}

function complain(what) {
  console.error(
    `splinemesh: ${what} It needs Node ${OLDEST.join('.')} or newer; this is ${process.version}.\n` +
      'Install a newer Node, or put one beside this package: npm install node@24'
  )
  process.exitCode = EX_UNAVAILABLE
}

if (isNewEnough(process.version)) {
  // much of a start is compiling: what was compiled once is kept in the system's folder of temporary files
  module.enableCompileCache?.()
  await import(entry())
} else {
  const node = packagedNode()
  if (node === undefined) {
    complain('this Node is too old.')
  } else {
    runOn(node)
  }
}
