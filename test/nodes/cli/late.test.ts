import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { latency, lateShare } from '../../../nodes/cli/late.ts'

describe('who is late by a deadline', () => {
  const times = latency('20ms,150ms')

  it('is half of the answers at the median and one in a hundred at the 99th percentile', () => {
    for (const [ms, share] of [
      [20, 0.5],
      [150, 0.01]
    ]) {
      assert.ok(Math.abs(lateShare(times, ms) - share) < 1e-6, `${lateShare(times, ms)} at ${ms} ms`)
    }
  })

  it('is fewer the later the deadline', () => {
    const shares = [1, 10, 20, 50, 100, 200, 400].map(ms => lateShare(times, ms))
    assert.deepEqual(
      shares,
      shares.toSorted((a, b) => b - a)
    )
    assert.ok(shares[0] > 0.999 && shares[6] < 0.001, shares.join())
  })

  it('is not told by times that are no median and 99th percentile', () => {
    for (const text of ['20ms', '20ms,150ms,1s', '150ms,20ms', '20,20', 'soon,later']) {
      assert.throws(() => latency(text), { name: 'InvalidArgumentError' }, text)
    }
  })
})
