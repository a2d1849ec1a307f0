import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isotonicMap, mapped } from '../../src/codes/index.ts'

describe('isotonicMap', () => {
  it('pools what falls, and keeps what rises', () => {
    const observations = [1, 2, 3, 4, 5].map((from, i) => ({ from, to: [0, 3, 1, 2, 9][i] }))
    assert.deepEqual(isotonicMap(observations, 1), { from: [1, 2, 4, 5], to: [0, 2, 2, 9] })
  })

  it('makes no step of fewer observations than asked for', () => {
    const observations = [1, 2, 3, 4, 5].map(from => ({ from, to: from }))
    assert.deepEqual(isotonicMap(observations, 2), { from: [1, 2, 3, 5], to: [1.5, 1.5, 4, 4] })
    assert.deepEqual(isotonicMap(observations, 9), { from: [1, 5], to: [3, 3] })
  })

  it('says of what it observed what it was on average, however far a step reaches', () => {
    const sure = Array.from({ length: 90 }, (_, i) => ({ from: 1 + i ** 2, to: 1 }))
    const unsure = Array.from({ length: 10 }, (_, i) => ({ from: -i, to: i % 2 }))
    const observations = [...unsure, ...sure]
    const map = isotonicMap(observations, 2)
    const said = observations.reduce((sum, { from }) => sum + mapped(map, from), 0)
    assert.ok(Math.abs(said - 95) < 1e-9, `said ${said} of 100, and 95 were`)
  })

  it('ascends, keeps the mean, and does not care for the order of observations', () => {
    const observation = fc.record({ from: fc.integer({ min: 0, max: 50 }), to: fc.integer({ min: 0, max: 1 }) })
    fc.assert(
      fc.property(fc.array(observation, { minLength: 1 }), fc.integer({ min: 1, max: 20 }), (observations, least) => {
        const { from, to } = isotonicMap(observations, least)
        for (let i = 1; i < from.length; i++) assert.ok(from[i] >= from[i - 1] && to[i] >= to[i - 1], `falls at ${i}`)
        const mean = observations.reduce((sum, each) => sum + each.to, 0) / observations.length
        assert.ok(to[0] <= mean + 1e-12 && to[to.length - 1] >= mean - 1e-12, `${to} does not hold the mean ${mean}`)
      })
    )
  })
})

describe('mapped', () => {
  it('is straight between the points and constant beyond them', () => {
    const map = { from: [0, 2, 2, 4], to: [0.25, 0.5, 0.75, 1] }
    assert.deepEqual(
      [-1, 0, 1, 3, 4, 9].map(value => mapped(map, value)),
      [0.25, 0.25, 0.375, 0.875, 1, 1]
    )
  })
})
