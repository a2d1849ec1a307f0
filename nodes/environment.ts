import { execFile } from 'node:child_process'
import { access, readFile } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** The folder of the package: a checkout, or where it is installed. */
const root = fileURLToPath(new URL('./', import.meta.resolve('splinemesh/package.json')))

/** The packages that figures depend on most. */
const MEASURED = [
  'libp2p',
  '@libp2p/tcp',
  '@libp2p/tls',
  '@chainsafe/libp2p-noise',
  '@chainsafe/libp2p-yamux',
  'onnxruntime-node'
]

/** Where figures come from: kept apart from them, so that the figures of two runs can be compared. */
export interface Environment {
  /** `undefined` outside a checkout. */
  commit: string | undefined
  /** Were there changes that are not in the commit? */
  changed: boolean | undefined
  versions: Record<string, string>
  hardware: { processor: string; cores: number; memoryGiB: number; platform: string }
  startedAt: string
  wallSeconds: number
}

export async function environment(startedAt: Date): Promise<Environment> {
  const { version, dependencies } = JSON.parse(await readFile(`${root}package.json`, 'utf8'))
  const changes = await git('status', '--porcelain')
  return {
    commit: await git('rev-parse', 'HEAD'),
    changed: changes === undefined ? undefined : changes !== '',
    versions: {
      splinemesh: version,
      node: process.versions.node,
      ...Object.fromEntries(MEASURED.map(name => [name, dependencies[name]]))
    },
    hardware: {
      processor: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      platform: `${process.platform} ${process.arch}`
    },
    startedAt: startedAt.toISOString(),
    wallSeconds: (Date.now() - startedAt.getTime()) / 1000
  }
}

async function git(...args: string[]): Promise<string | undefined> {
  try {
    // An installed package is in somebody else's repository.
    await access(`${root}.git`)
    const { stdout } = await promisify(execFile)('git', args, { cwd: root })
    return stdout.trim()
  } catch {
    return undefined
  }
}
