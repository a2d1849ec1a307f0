import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ANSWERS, expectedError } from '../../scripts/bench/placement-figures.ts'

const { better, other } = ANSWERS
const near = (actual: number, expected: number): void =>
  assert.ok(Math.abs(actual - expected) < 1e-12, `${actual} instead of ${expected}`)

describe('the expected error of a placement', () => {
  it('is the error itself where it is the same whoever answers', () => {
    near(expectedError([0, 3, 3, 3, 3, 3, 3, 3], 0b011, 3), 3)
  })

  it('weighs each set of workers by how probably just those answer, if any does', () => {
    const any = 1 - (1 - better) * (1 - other)
    const withoutFirst = [0, 0, 1, 0]
    near(expectedError(withoutFirst, 0b01, 2), ((1 - better) * other) / any)
    near(expectedError(withoutFirst, 0b10, 2), (better * (1 - other)) / any)
  })
})
