import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { command, digits, LOOPBACK, lenet5, said, serve, splinemesh } from './processes.ts'

describe('a private fleet on the command line', () => {
  let folder = ''

  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'splinemesh-fleet-'))
  })

  after(() => rmSync(folder, { recursive: true, force: true }))

  const file = (name: string): string => path.join(folder, name)

  it('answers a member that has the key, and says of others why they got nothing', async () => {
    const made = await splinemesh('key', 'network', file('fleet.key'))
    const again = await command('key', 'network', file('fleet.key'))
    const ids = [await command('key', 'peer', file('worker')), await command('key', 'peer', file('master'))]
    assert.equal(made.code, 0, said(made))
    assert.match(again.err, /^OutputFileError .*already exists/, 'a key is not written over')
    const [worker, master] = ids.map(({ out }) => out.trim())
    writeFileSync(file('members.yaml'), `${worker}: [worker]\n${master}: [master]\n`)

    const key = ['--network-key', file('fleet.key')]
    const fleet = [...key, '--members', file('members.yaml')]
    const serving = await serve('--model', lenet5, '--listen', LOOPBACK, '--identity', file('worker'), ...fleet)
    const ask = ['infer', '--model', 'lenet5', '--input', path.join(digits, 'examples/0.png'), '--peer']
    const answered = await command(...ask, serving.address, '--identity', file('master'), ...fleet)
    const unlisted = await command(...ask, serving.address, ...key, '--wait', '1s')
    const keyless = await command(...ask, serving.address, '--wait', '1s')
    const { out } = await serving.end()
    assert.equal(answered.code, 0, said(answered))
    assert.match(unlisted.err, /it hung up: is it a private fleet, and this peer \(--identity\) not on its list/)
    assert.match(keyless.err, /no worker was reached/)
    const told = out.split('\n').map(line => JSON.parse(line))
    assert.deepEqual(
      told
        .filter(({ event }) => event === 'refused')
        .map(({ why }) => why.split(':')[0])
        .sort(),
      ['it is not on the list of members', 'the handshake failed']
    )
  })

  it('refuses a list of members that is none, exit code 2, and names the file', async () => {
    writeFileSync(file('wrong.yaml'), 'nobody: [master]\n')
    const ended = await command('peers', '--peer', '/ip4/127.0.0.1/tcp/1', '--members', file('wrong.yaml'))
    assert.equal(ended.code, 2, said(ended))
    assert.match(ended.err, /^InvalidMembersError \(ERR_INVALID_MEMBERS\): .*wrong\.yaml: 'nobody' .* is no peer id/)
  })
})
