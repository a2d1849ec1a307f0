import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, it } from 'node:test'
import { command, type Ended, LOOPBACK, lenet5, said, serve, splinemesh } from './processes.ts'

describe('splinemesh doctor', () => {
  it('tries the providers that it is asked for, and says which one serve would take', async () => {
    const ended = await command('doctor', '--ep', 'abacus,cpu', '--json')
    assert.equal(ended.code, 0, said(ended))
    const { findings } = JSON.parse(ended.out) as { findings: Array<Record<string, string>> }
    assert.deepEqual(
      findings.map(({ about, status }) => [about, status]),
      [
        ['abacus', 'note'],
        ['cpu', 'ok'],
        ['serve', 'note']
      ]
    )
    const [abacus, cpu, serve] = findings
    assert.match(abacus.finding, /^does not work here: .* only has cpu/)
    assert.match(abacus.todo, /serve --executor/)
    assert.match(cpu.finding, /^works: [\d.]+ ms for one image through LeNet-5, the first time [\d.]+ ms$/)
    assert.equal(serve.finding, '--ep abacus,cpu runs on cpu')
  })

  it('ends with exit code 1 and says what to do when none of them works', async () => {
    const ended = await splinemesh('doctor', '--ep', 'abacus')
    assert.equal(ended.code, 1, said(ended))
    assert.match(ended.out, /^! abacus .*\n +→ .*\n✘ serve +--ep abacus ends at once: none of them works\n +→ add cpu/s)
  })

  it('tells of peers whether they can be reached, and of a key that was copied', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'splinemesh-doctor-'))
    const serving = await serve('--model', lenet5, '--listen', LOOPBACK, '--identity', path.join(folder, 'key'))
    cpSync(path.join(folder, 'key'), path.join(folder, 'copy'), { recursive: true })
    const gone = serving.address.replace(/tcp\/\d+/, 'tcp/1')
    const ask = (...args: string[]) => command('doctor', '--json', '--peer', ...args)
    const found = await ask(serving.address)
    const lost = await ask(gone)
    const copied = await ask(serving.address, '--identity', path.join(folder, 'copy'))
    await serving.end()
    rmSync(folder, { recursive: true })
    const finding = ({ out }: Ended) => JSON.parse(out).findings[0].finding
    assert.equal(found.code, 0, said(found))
    assert.match(finding(found), /^reached in \d.* ms, .*, serves models$/)
    assert.equal(lost.code, 1, said(lost))
    assert.match(finding(lost), /cannot be reached: .*ECONNREFUSED/)
    assert.equal(copied.code, 1, said(copied))
    assert.match(finding(copied), /has the peer id of this machine's own key/)
  })
})
