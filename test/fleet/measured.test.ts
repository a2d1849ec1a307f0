import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Measured } from '../../src/fleet/measured.ts'

const LONG = 60_000

/** A worker that is asked again and again, one task after the other. */
class Asked {
  readonly measured = new Measured()
  now = 0

  /** @returns was it a warm run? */
  answer(ms: number): boolean {
    this.now += ms
    return this.answeredNow(ms)
  }

  answeredNow(ms: number): boolean {
    const { measured, now } = this
    const cold = measured.isCold(ms, now)
    measured.answered({ ms, usual: ms, network: 1, now })
    return !cold
  }

  get median(): number {
    return this.measured.times.quantile(0.5)
  }
}

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual / expected - 1) < 0.1, `${actual} instead of ${expected}`)
}

describe('what is measured of a model at a worker', () => {
  it('is its first run, which may have loaded the model, until there is another', () => {
    const it = new Asked()
    assert.equal(it.answer(2000), false)
    near(it.median, 2000)
    assert.equal(it.answer(10), true)
    near(it.measured.times.quantile(0.99), 10)
    assert.equal(it.measured.coldMs, 2000)
  })

  it('leaves out what waited for the model to be loaded as well', () => {
    const it = new Asked()
    it.answer(2000)
    it.now += 10
    assert.equal(it.answeredNow(1990), false, 'it left before the first one was answered')
    assert.equal(it.answer(10), true)
  })

  it('leaves out the first answer after a long time, and no other', () => {
    const it = new Asked()
    for (let i = 0; i < 20; i++) it.answer(10)
    it.now += LONG
    it.answer(2000)
    near(it.measured.times.quantile(0.99), 10)
    assert.equal(it.measured.coldMs, 2000)
    for (let i = 0; i < 4; i++) it.answer(500)
    near(it.median, 500)
  })

  it('is every second answer of a worker that is seldom asked: it cannot hide that it is slow', () => {
    const it = new Asked()
    for (let i = 0; i < 20; i++) it.answer(10)
    const warm = Array.from({ length: 12 }, () => {
      it.now += LONG
      return it.answer(500)
    })
    assert.equal(warm.filter(counts => counts).length, 6)
    near(it.median, 500)
  })

  it('counts tasks that were given up, cold or not', () => {
    const it = new Asked()
    it.answer(10)
    it.answer(10)
    it.now += LONG
    for (let i = 0; i < 9; i++) it.measured.unanswered(250, it.now)
    assert.ok(it.measured.times.within(1000) < 0.5)
  })
})
