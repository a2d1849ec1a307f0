import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Placing } from '../../src/fleet/index.ts'

const ranked = ['best', 'middle', 'last']

describe('placing the tasks of a group', () => {
  it('begins with the best worker and gives no one a second task before all have one', () => {
    const placing = new Placing()
    const placed = Array.from({ length: 5 }, () => placing.next(ranked, []))
    assert.deepEqual(placed, ['best', 'middle', 'last', 'best', 'middle'])
    assert.equal(placing.workers, 3)
  })

  it('keeps the copies of a query apart, though that makes the load uneven', () => {
    const placing = new Placing()
    assert.deepEqual(
      [0, 0].map(query => placing.next(ranked.slice(0, 2), [query])),
      ['best', 'middle']
    )
    assert.equal(placing.next(ranked, []), 'last')
    assert.equal(placing.next(['best', 'last'], [0]), 'last', 'the other one holds a copy')
  })

  it('puts copies together only where there is no other worker', () => {
    const placing = new Placing()
    assert.equal(placing.next(['best'], [0]), 'best')
    assert.equal(placing.next(['best'], [0]), 'best')
    assert.equal(placing.next([], [0]), undefined)
  })
})
