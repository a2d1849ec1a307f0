import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { atLeast, enough } from '../../src/fleet/index.ts'

/** P(at least `need`) by adding up every outcome. */
function counted(need: number, probabilities: readonly number[]): number {
  let sum = 0
  for (let outcome = 0; outcome < 2 ** probabilities.length; outcome++) {
    const happened = probabilities.map((_, i) => ((outcome >> i) & 1) === 1)
    if (happened.filter(Boolean).length >= need) {
      sum += probabilities.reduce((product, p, i) => product * (happened[i] ? p : 1 - p), 1)
    }
  }
  return sum
}

describe('the probability that enough of some workers answer', () => {
  const probabilities = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 })

  it('is what adding up all outcomes gives', () => {
    fc.assert(
      fc.property(probabilities, fc.nat(9), (all, need) => {
        assert.ok(Math.abs(atLeast(need, all) - counted(need, all)) < 1e-12)
      })
    )
  })

  it('tells how few workers are enough', () => {
    fc.assert(
      fc.property(probabilities, fc.nat(5), fc.double({ min: 0.01, max: 0.9, noNaN: true }), (all, need, epsilon) => {
        const count = enough(need, all, epsilon)
        const sufficient = all.map((_, i) => counted(need, all.slice(0, i + 1)) >= 1 - epsilon)
        const first = need === 0 ? 0 : sufficient.indexOf(true) + 1
        assert.equal(count, need > 0 && first === 0 ? undefined : first)
      })
    )
  })
})
