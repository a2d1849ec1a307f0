import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { learnParityWorth, type ParityTrial, parityQuality } from '../../src/companions/index.ts'

/** Predictions of class 1 whose lead is a hundredth more each time; the model agrees with the upper half of them. */
const trials: ParityTrial[] = Array.from({ length: 200 }, (_, i) => ({
  prediction: Float32Array.of(0, (i + 1) / 100),
  own: i >= 100 ? Float32Array.of(0, 1) : Float32Array.of(1, 0)
}))

describe('what a reconstructed prediction is worth', () => {
  it('follows from how far its largest output leads', () => {
    const worth = learnParityWorth(trials, { classes: true })
    const agreements = [0.1, 0.4, 0.95, 1.05, 1.6, 1.9].map(
      lead => parityQuality(worth, Float32Array.of(5, 5 + lead)).agreement ?? Number.NaN
    )
    assert.deepEqual(agreements.slice(0, 2), [0, 0])
    assert.deepEqual(agreements.slice(-2), [1, 1])
    assert.ok(agreements[2] <= agreements[3])
    assert.equal(worth.agreement?.mean, 0.5)
  })

  it('is an error alone where outputs are no classes', () => {
    const worth = learnParityWorth(
      [
        { prediction: Float32Array.of(1, 2), own: Float32Array.of(1, 4) },
        { prediction: Float32Array.of(0, 0), own: Float32Array.of(0, 0) }
      ],
      { classes: false }
    )
    assert.deepEqual(parityQuality(worth, Float32Array.of(7, 8)), { error: 2 })
  })
})
