import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { drawSurvivors } from '../../nodes/calibration-score.ts'
import { random } from '../../src/chance/index.ts'

describe('the survivor sets that a code is scored on', () => {
  it('are each of them once where there are no more than are wanted', () => {
    const sets = drawSurvivors(6, 4, 40, random(1))
    assert.equal(new Set(sets.map(String)).size, 15)
    assert.equal(sets.length, 15)
    assert.ok(sets.every(set => set.length === 4 && set.every((index, i) => i === 0 || index > set[i - 1])))
    assert.deepEqual(drawSurvivors(6, 6, 40, random(1)), [[0, 1, 2, 3, 4, 5]])
  })

  it('are listed at once for a hundred coded queries, too', () => {
    assert.deepEqual(drawSurvivors(100, 100, 40, random(1)), [[...Array(100).keys()]])
    assert.equal(drawSurvivors(100, 99, 100, random(1)).length, 100)
  })

  it('are as many by chance as are wanted where there are more', () => {
    const sets = drawSurvivors(100, 40, 40, random(1))
    assert.equal(sets.length, 40)
    assert.equal(new Set(sets.map(String)).size, 40)
    assert.ok(sets.every(set => set.length === 40 && set.every((index, i) => i === 0 || index > set[i - 1])))
  })
})
