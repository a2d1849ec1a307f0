import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const script = fileURLToPath(new URL('./mdns-peers.ts', import.meta.url))

/** Runs a command in a network namespace of its own, with a loopback that takes multicast and nothing else. */
async function inNamespace(command: string): Promise<string> {
  const up = 'ip link set lo up multicast on && ip route add 224.0.0.0/4 dev lo'
  const { stdout } = await promisify(execFile)('unshare', ['--net', 'sh', '-c', `${up} && ${command}`], {
    timeout: 40_000
  })
  return stdout
}

const refused = await inNamespace('true').then(
  () => undefined,
  error => `no network namespace can be made here: ${error.message.split('\n').slice(0, 2).join(' ')}`
)

describe('discovery by multicast', () => {
  it('finds a worker that nobody named', { skip: refused }, async () => {
    assert.equal(await inNamespace(`'${process.execPath}' '${script}'`), 'found by multicast: exact\n')
  })
})
