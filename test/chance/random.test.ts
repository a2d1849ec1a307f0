import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { mean, sampleCorrelation, standardDeviation } from 'simple-statistics'
import { random, shuffled } from '../../src/chance/index.ts'

describe('a seeded source of chance', () => {
  it('gives the same numbers for the same seed and stream, others for others', () => {
    const numbers = (seed: number, stream: number): number[] => Array.from({ length: 5 }, random(seed, stream))
    assert.deepEqual(numbers(3, 4), numbers(3, 4))
    assert.notDeepEqual(numbers(3, 4), numbers(3, 5))
    assert.notDeepEqual(numbers(3, 4), numbers(4, 4))
  })

  it('makes neighbouring streams independent from their first number on', () => {
    const first = Array.from({ length: 1000 }, (_, stream) => random(1, stream)())
    assert.ok(Math.abs(mean(first) - 0.5) < 0.05, `the mean of the first numbers is ${mean(first)}`)
    assert.ok(Math.abs(standardDeviation(first) - Math.sqrt(1 / 12)) < 0.03)
    assert.ok(Math.abs(sampleCorrelation(first.slice(0, -1), first.slice(1))) < 0.15)
  })
})

describe('a shuffle', () => {
  it('keeps every item, takes nothing from its source, and puts each at each place about equally often', () => {
    const items = ['a', 'b', 'c', 'd']
    const chance = random(1)
    const first = new Map(items.map(item => [item, 0]))
    for (let round = 0; round < 4000; round++) {
      const order = shuffled(items, chance)
      assert.deepEqual(order.toSorted(), ['a', 'b', 'c', 'd'])
      first.set(order[0], (first.get(order[0]) ?? 0) + 1)
    }
    assert.deepEqual(items, ['a', 'b', 'c', 'd'])
    assert.ok(
      [...first.values()].every(count => Math.abs(count - 1000) < 150),
      `first places: ${[...first]}`
    )
  })
})
