import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { entryUrl } from '../../src/runtime/index.ts'

const script = fileURLToPath(entryUrl(import.meta.url, 'thousand-groups'))

async function eventLog(seed: number): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [script, String(seed)], { maxBuffer: 2 ** 28 })
  return stdout
}

describe('a fleet on a virtual clock', () => {
  let first = ''

  before(async () => {
    first = await eventLog(7)
  })

  it('replays 1,000 groups with random faults byte for byte from their seed', async () => {
    const second = await eventLog(7)
    assert.ok(first.split('\n').length > 10_000, 'the log has a line for everything that happened')
    for (const what of ['accepted', 'result', 'failed', 'cancel', 'deadline', 'enough', 'exact', 'vanished']) {
      assert.ok(first.includes(what), `this seed should show '${what}' somewhere`)
    }
    assert.equal(createHash('sha256').update(second).digest('hex'), createHash('sha256').update(first).digest('hex'))
  })

  it('plays another game from another seed', async () => {
    assert.notEqual(await eventLog(8), first)
  })
})
