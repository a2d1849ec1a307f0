/**
 * The published manifest is the repository's without the `node` package, which would replace the Node of the consumer's
 * own npm scripts, and without our scripts, whose files are not published (npm 11 would ask the consumer to review
 * `prepare`). npm has no setting for that, so `npm pack` takes them out of `package.json` before (`strip`) and puts the
 * file back, byte for byte, after (`restore`).
 *
 * `npm publish` from the folder would read the manifest again after `restore`: it is refused, the tarball is published.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const kept = 'node_modules/.cache/splinemesh/package.json'

/** Also undoes a pack that was cut short. */
function restore() {
  if (existsSync(kept)) {
    renameSync(kept, 'package.json')
  }
}

function strip() {
  restore()
  const original = readFileSync('package.json', 'utf8')
  const { scripts, ...manifest } = JSON.parse(original)
  if (manifest.optionalDependencies?.node === undefined) {
    throw new Error('package.json has no optional dependency `node` to strip; expected the manifest of the repository')
  }
  delete manifest.optionalDependencies.node
  mkdirSync(path.dirname(kept), { recursive: true })
  writeFileSync(kept, original)
  writeFileSync('package.json', `${JSON.stringify(manifest, null, 2)}\n`)
}

function refuse() {
  console.error('Publish the tarball, not the folder: npm pack && npm publish ./splinemesh-<version>.tgz')
  process.exitCode = 1
}

const commands = { strip, restore, refuse }
commands[process.argv[2]]()
