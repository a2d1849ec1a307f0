import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { drawGroups, splitLearning } from '../../scripts/reproduce/draws.ts'
import { random } from '../../src/chance/index.ts'

describe('groups drawn from a pool', () => {
  const pool = Array.from({ length: 10 }, (_, i) => i)

  it('share no image as long as the pool lasts', () => {
    const groups = drawGroups(pool, { k: 3, count: 3 }, random(1))
    assert.deepEqual(groups, [
      [0, 1, 2],
      [3, 4, 5],
      [6, 7, 8]
    ])
  })

  it('then take images again, among others, and never one twice in a group', () => {
    const groups = drawGroups(pool, { k: 3, count: 60 }, random(1))
    assert.ok(
      groups.every(group => new Set(group).size === 3),
      'an image twice in a group would make the group easier'
    )
    assert.deepEqual([...new Set(groups.flat())].sort(), pool, 'every image is used')
  })

  it('are refused when not even one can be filled', () => {
    assert.throws(() => drawGroups(pool, { k: 11, count: 1 }, random(1)), { name: 'RangeError' })
  })
})

describe('images for learning', () => {
  it('are either calibrated on or chosen on, as many as the groups need', () => {
    const { calibration, tuning } = splitLearning(100, { k: 2, calibration: 20, tuning: 5 }, random(1))
    assert.equal(calibration.length, 40)
    assert.deepEqual(
      [...calibration, ...tuning].sort((a, b) => a - b),
      [...Array(100).keys()]
    )
  })

  it('are shared out by the number of groups where there are too few', () => {
    const { calibration, tuning } = splitLearning(100, { k: 8, calibration: 200, tuning: 50 }, random(1))
    assert.deepEqual([calibration.length, tuning.length], [80, 20])
  })
})
