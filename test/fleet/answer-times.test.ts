import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { random } from '../../src/chance/index.ts'
import { AnswerTimes } from '../../src/fleet/index.ts'

function near(actual: number, expected: number, tolerance: number, what: string): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${what}: ${actual}, expected ${expected} ± ${tolerance}`)
}

describe('answer times', () => {
  it('give quantiles, probabilities and the mean up to a time, of the newest answers', () => {
    const times = new AnswerTimes()
    for (let i = 0; i < 2000; i++) times.answered(i < 1000 ? 500 : 10 + (i % 10), i)
    near(times.quantile(0.5), 14.5, 1.5, 'median of 10 to 19')
    near(times.within(14.5), 0.5, 0.15, 'half of them')
    near(times.within(30), 1, 1e-9, 'all of them')
    assert.equal(times.within(5), 0)
    near(times.meanUpTo(1000), 14.5, 1, 'mean')
    near(times.meanUpTo(10), 10, 0.5, 'nobody waits longer than 10')
  })

  it('count tasks that were given up: without them a worker would look fast that is mostly not waited for', () => {
    const chance = random(1)
    const [counted, uncounted] = [new AnswerTimes(), new AnswerTimes()]
    const shares = { counted: 0, uncounted: 0 }
    for (let i = 0; i < 4000; i++) {
      // Exponential with mean 20, and nobody waits for longer than somewhere between 5 and 45.
      const ms = -20 * Math.log(1 - chance())
      const patience = 5 + 40 * chance()
      if (ms <= patience) {
        counted.answered(ms, i)
        uncounted.answered(ms, i)
      } else {
        counted.unanswered(patience, i)
      }
      shares.counted += counted.within(20) / 4000
      shares.uncounted += uncounted.within(20) / 4000
    }
    near(shares.counted, 1 - Math.exp(-1), 0.04, 'P(answer within the mean)')
    assert.ok(shares.uncounted > 0.75, `the biased estimate: ${shares.uncounted}`)
  })

  it('forget by number and by time', () => {
    const times = new AnswerTimes()
    for (let i = 0; i < 100; i++) times.answered(10, i)
    for (let i = 0; i < 12; i++) times.answered(14, 100 + i)
    near(times.within(12), 0.5, 0.02, 'twelve newer ones weigh as much as all before')
    times.answered(10, 150_000)
    near(times.within(12), 0.82, 0.03, 'one that is five half-lives newer weighs more than all of them')
  })

  it('forget what was before a change, which three in a row are, and one now and then is not', () => {
    const times = new AnswerTimes()
    for (let i = 0; i < 100; i++) times.answered(i % 5 === 0 ? 200 : 10, i)
    near(times.within(20), 0.8, 0.1, 'four in five as before')
    for (let i = 0; i < 3; i++) times.answered(300, 100 + i)
    near(times.within(250), 0, 0.1, 'it became slow')
    for (let i = 0; i < 3; i++) times.answered(10, 103 + i)
    near(times.within(20), 1, 0.1, 'it recovered')
  })

  it('come back from JSON as they were', () => {
    const times = new AnswerTimes()
    for (let i = 0; i < 5000; i++) times.answered(1 + (i % 50), 10 * i)
    times.unanswered(70, 50_000)
    const restored = new AnswerTimes()
    restored.restore(JSON.parse(JSON.stringify(times.snapshot())), 3)
    for (const ms of [1, 10, 30, 60]) near(restored.within(ms), times.within(ms), 1e-9, `within ${ms}`)
    times.answered(200, 60_000)
    restored.answered(200, 10_013)
    near(restored.within(60), times.within(60), 0.01, 'it weighs as before beside what comes later')
  })

  it('say nothing before there is one', () => {
    const times = new AnswerTimes()
    assert.equal(times.within(10), 0)
    assert.equal(times.quantile(0.5), Infinity)
    assert.deepEqual(times.snapshot(), { answered: [], unanswered: [] })
  })
})
