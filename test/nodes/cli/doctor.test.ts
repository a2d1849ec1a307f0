import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { said, splinemesh } from './processes.ts'

describe('splinemesh doctor', { concurrency: 2 }, () => {
  it('tries the providers that it is asked for, and says which one serve would take', async () => {
    const ended = await splinemesh('doctor', '--ep', 'abacus,cpu', '--json')
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
})
