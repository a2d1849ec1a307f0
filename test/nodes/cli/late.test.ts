import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { lateShare, stragglersAsked } from '../../../nodes/cli/late.ts'
import { latency } from '../../../nodes/cli/options.ts'

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

  it('is who never answers, and of the others those whose answers take longer', () => {
    const about = { profile: ['p.json'], workers: 12 }
    const counted = stragglersAsked({ ...about, stragglers: 3 })
    assert.deepEqual(counted.stragglers, { count: 3 })
    assert.equal(counted.late(2), undefined, 'nothing is known of times')
    const { stragglers, late } = stragglersAsked({ ...about, stragglers: 0.2, deadline: 75, latency: times })
    assert.ok('share' in stragglers && stragglers.share > 0.21, JSON.stringify(stragglers))
    assert.ok(Math.abs((late(2) ?? 0) - 0.208) < 1e-6, `${late(2)} are later than twice the deadline`)
  })

  it('is asked for where the options do not say it, or only half of it', () => {
    const about = { profile: ['p.json'], workers: 12 }
    assert.throws(
      () => stragglersAsked(about),
      /say who is late: --stragglers <n>, or --deadline <time> with --latency/
    )
    assert.throws(() => stragglersAsked({ ...about, stragglers: 0.2, deadline: 150 }), /--deadline .* and --latency/)
    const counted = { ...about, stragglers: 3, deadline: 150, latency: times }
    assert.throws(() => stragglersAsked(counted), /the share of workers that never answer/)
  })

  it('is not told by times that are no median and 99th percentile', () => {
    for (const text of ['20ms', '20ms,150ms,1s', '150ms,20ms', '20,20', 'soon,later']) {
      assert.throws(() => latency(text), { name: 'InvalidArgumentError' }, text)
    }
  })
})
