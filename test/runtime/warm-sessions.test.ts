import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sessionBytes, WarmSessions } from '../../src/runtime/warm-sessions.ts'

describe('the sessions of a thread', () => {
  it('are kept as long as they fit', () => {
    const sessions = new WarmSessions(100)
    assert.deepEqual(sessions.use('a', 60), [])
    assert.deepEqual(sessions.use('b', 40), [])
    assert.ok(sessions.has('a') && sessions.has('b'))
    assert.equal(sessions.fits(1), false)
  })

  it('make room, the least recently used first, and no more than is needed', () => {
    const sessions = new WarmSessions(100)
    for (const model of ['a', 'b', 'c']) {
      sessions.use(model, 30)
    }
    sessions.use('a', 30)
    assert.deepEqual(sessions.use('d', 40), ['b'])
    assert.deepEqual(sessions.use('e', 100), ['c', 'a', 'd'])
  })

  it('are taken to need twice their file and 16 MiB', () => {
    assert.equal(sessionBytes({ bytes: 1000 }), 2000 + 16 * 1024 * 1024)
  })
})
