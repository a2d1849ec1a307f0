import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { agreement, type RealRun } from '../../scripts/bench/selection-order.ts'

function run(simulated: [number, number, number], real: [number, number, number]): RealRun {
  const named = ([random, c3, ours]: [number, number, number]) => ({ random, C3: c3, ours })
  return { scenario: 'calm', seed: 1, simulated: named(simulated), real: named(real) }
}

describe('the order of policies on real processes', () => {
  it('is that of the simulator where every pair comes in the same order with every seed', () => {
    assert.deepEqual(agreement([run([3, 2, 1], [30, 20, 10]), run([4, 3, 1], [35, 30, 20])]), {
      same: 3,
      undecided: 0,
      opposite: 0,
      tau: 1
    })
  })

  it('is another one where a pair is turned round with every seed', () => {
    const { same, opposite, tau } = agreement([run([3, 2, 1], [20, 30, 10])])
    assert.deepEqual([same, opposite], [2, 1])
    assert.ok(Math.abs(tau - 1 / 3) < 1e-9)
  })

  it('is not decided by a pair of which seeds say this and that, or that is equal', () => {
    const { same, undecided, opposite } = agreement([run([5, 5, 1], [30, 20, 10]), run([5, 5, 1], [30, 20, 22])])
    assert.deepEqual([same, undecided, opposite], [1, 2, 0])
  })
})
