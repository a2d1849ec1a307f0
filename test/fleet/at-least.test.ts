import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { atLeast, type Together } from '../../src/fleet/index.ts'

/** P(at least `need`) by adding up every outcome. */
function counted(need: number, parts: readonly Together[]): number {
  let sum = 0
  for (let outcome = 0; outcome < 2 ** parts.length; outcome++) {
    const happened = parts.map((_, i) => ((outcome >> i) & 1) === 1)
    if (parts.reduce((events, { count }, i) => events + (happened[i] ? count : 0), 0) >= need) {
      sum += parts.reduce((product, { probability: p }, i) => product * (happened[i] ? p : 1 - p), 1)
    }
  }
  return sum
}

describe('the probability that enough of some workers answer', () => {
  it('is what adding up all outcomes gives, where some tasks are at one worker', () => {
    const part = fc.record({
      probability: fc.double({ min: 0, max: 1, noNaN: true }),
      count: fc.integer({ min: 1, max: 3 })
    })
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), fc.nat(12), (parts, need) => {
        assert.ok(Math.abs(atLeast(need, parts) - counted(need, parts)) < 1e-12)
      })
    )
  })

  it('is smaller where tasks are late together', () => {
    const apart = atLeast(3, Array(4).fill({ probability: 0.9, count: 1 }))
    const together = atLeast(3, Array(2).fill({ probability: 0.9, count: 2 }))
    assert.ok(together < apart, `${together}, ${apart}`)
  })
})
