import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Fleet } from '../../src/fleet/index.ts'

/** A fleet of these workers, all measured but the last `unmeasured`, and a clock that every task moves on. */
class Measured {
  readonly fleet = new Fleet()
  now = 0

  constructor(...workers: string[]) {
    for (const worker of workers) this.fleet.add(worker, ['model'])
  }

  answer(worker: string, ...times: number[]): void {
    for (const ms of times) {
      this.fleet.began(worker, 'model', this.now)
      this.now += ms
      this.fleet.answered(worker, 'model', { queue: 0, run: ms - ms / 4, network: ms / 4 }, { now: this.now })
    }
  }

  /** A task that is given up after so many ms, and never heard of again. */
  stall(worker: string, afterMs: number): void {
    this.fleet.began(worker, 'model', this.now)
    this.now += afterMs
    this.fleet.gaveUp(worker, 'model', afterMs, { now: this.now })
  }

  best(count: number): string[] {
    return this.fleet.choose('model', { count }, this.now)
  }
}

describe('a fleet', () => {
  it('chooses who answers fastest, behind what is there already', () => {
    const it = new Measured('slow', 'fast')
    it.answer('slow', ...Array(20).fill(30))
    it.answer('fast', ...Array(20).fill(10))
    assert.deepEqual(it.best(2), ['fast', 'slow'])
    for (let i = 0; i < 3; i++) it.fleet.began('fast', 'model', it.now)
    assert.deepEqual(it.best(2), ['slow', 'fast'], 'three tasks wait at the faster one')
  })

  it('knows how likely a worker that serves a model is late, the mean over them', () => {
    const it = new Measured('quick', 'slow')
    it.fleet.add('elsewhere', ['another'])
    assert.equal(it.fleet.late('model', 50), undefined, 'nothing is measured')
    it.answer('quick', ...Array(20).fill(10))
    it.answer('slow', ...Array(20).fill(100))
    assert.ok(Math.abs((it.fleet.late('model', 50) ?? 0) - 0.5) < 1e-6)
    assert.ok((it.fleet.late('model', 200) ?? 1) < 1e-6)
  })

  it('prefers who is always on time to who is faster mostly', () => {
    const it = new Measured('steady', 'moody')
    for (let i = 0; i < 20; i++) {
      it.answer('steady', 12)
      it.answer('moody', i % 5 === 0 ? 200 : 8)
    }
    assert.deepEqual(it.best(2), ['steady', 'moody'])
  })

  it('leaves who becomes ten times slower within ten of its results, and takes it back after its recovery', () => {
    const it = new Measured('other', 'worker')
    it.answer('other', ...Array(30).fill(10))
    it.answer('worker', ...Array(30).fill(8))
    assert.equal(it.best(1)[0], 'worker')
    let slow = 0
    for (; it.best(2)[0] === 'worker'; slow++) it.answer('worker', 80)
    assert.ok(slow <= 10, `left after ${slow} slow results`)
    let again = 0
    for (; it.best(2)[0] === 'other'; again++) it.answer('worker', 8)
    assert.ok(again <= 40, `taken back after ${again} fast results`)
  })

  it('loses two tasks to a worker that goes silent, and not a third', () => {
    const it = new Measured('a', 'b', 'silent')
    for (const worker of ['a', 'b']) it.answer(worker, ...Array(30).fill(10))
    it.answer('silent', ...Array(30).fill(7))
    for (let tasks = 0; it.best(3)[0] === 'silent'; tasks++) {
      assert.ok(tasks < 2, 'it is still the first choice')
      it.stall('silent', 20)
    }
    assert.equal(it.best(3).at(-1), 'silent')
  })

  it('lets a worker rest that fails again and again, and tries it once the rest is over', () => {
    const it = new Measured('good', 'bad')
    it.answer('good', ...Array(10).fill(20))
    it.answer('bad', ...Array(10).fill(10))
    for (let i = 0; i < 3; i++) {
      assert.equal(it.best(2)[0], 'bad', `after ${i} failures`)
      it.fleet.began('bad', 'model', it.now)
      it.fleet.failed('bad', it.now)
    }
    assert.deepEqual(it.best(2), ['good', 'bad'])
    it.now += 500
    assert.equal(it.best(2)[0], 'bad', 'on probation')
    it.fleet.began('bad', 'model', it.now)
    it.fleet.failed('bad', it.now)
    it.now += 500
    assert.equal(it.best(2)[0], 'good', 'it rests twice as long now')
  })

  it('forgives a worker that is wrong once in a while, and puts one behind the others that is wrong more often', () => {
    const it = new Measured('fast', 'slow')
    it.answer('fast', ...Array(20).fill(1))
    it.answer('slow', ...Array(20).fill(9))
    it.fleet.wrong('fast')
    it.fleet.wrong('fast')
    assert.deepEqual(it.best(2), ['fast', 'slow'])
    it.fleet.wrong('fast')
    assert.deepEqual(it.best(2), ['slow', 'fast'])
    it.answer('fast', ...Array(10).fill(1))
    assert.deepEqual(it.best(2), ['fast', 'slow'], 'trust comes back')
  })

  it('knows within which time a worker gives a share of its newest answers, and takes one that is new for the others', () => {
    const it = new Measured('worker', 'newcomer')
    assert.equal(it.fleet.answersWithin('newcomer', 'model', 0.5), undefined)
    it.answer('worker', ...Array(64).fill(1000), ...Array.from({ length: 200 }, (_, i) => 10 + (i % 10)))
    for (const worker of ['worker', 'newcomer']) {
      const median = it.fleet.answersWithin(worker, 'model', 0.5) ?? 0
      assert.ok(median > 13 && median < 16, `${worker}: ${median}, of 10 to 19`)
    }
    assert.equal(it.fleet.answersWithin('worker', 'another model', 0.95), undefined)
  })

  it('remembers a worker that comes back, and what an earlier process knew', () => {
    const before = new Measured('fast', 'slow')
    before.answer('fast', ...Array(20).fill(1))
    before.answer('slow', ...Array(20).fill(9))
    before.fleet.remove('fast')
    assert.deepEqual(before.best(2), ['slow'])
    before.fleet.add('fast', ['model'])
    assert.deepEqual(before.best(2), ['fast', 'slow'])

    const after = new Measured()
    after.fleet.restore(JSON.parse(JSON.stringify(before.fleet.snapshot())), 0)
    after.fleet.add('slow', ['model'])
    after.fleet.add('fast', ['model'])
    assert.deepEqual(after.best(2), ['fast', 'slow'])
  })

  it('knows how likely a worker answers all that it was sent in time, and who is idle', () => {
    const it = new Measured('worker')
    assert.equal(it.fleet.inTime('worker', 'model', 1000), 0, 'nothing is measured')
    for (let i = 0; i < 40; i++) it.answer('worker', i % 2 === 0 ? 10 : 14)
    assert.ok(Math.abs(it.fleet.inTime('worker', 'model', 12) - 0.5) < 0.1)
    const usual = it.fleet.usualTime('model') ?? 0
    assert.ok(usual > 9 && usual < 15, `${usual}`)
    assert.ok(it.fleet.isIdle('worker'))
    it.fleet.began('worker', 'model', it.now)
    it.fleet.began('worker', 'model', it.now)
    assert.ok(!it.fleet.isIdle('worker'))
    assert.ok(Math.abs(it.fleet.inTime('worker', 'model', 24) - 0.5) < 0.1, 'one waits for the other')
  })

  describe('that is asked for tasks of two sizes', () => {
    const [SMALL, LARGE] = [4_000, 60_000]

    /** Ten times as long for what is fifteen times as large. */
    function mixed(): Measured {
      const it = new Measured('worker', 'newcomer')
      for (let i = 0; i < 60; i++) {
        const [bytes, ms] = i % 3 === 0 ? [LARGE, 100] : [SMALL, 10]
        answer(it, 'worker', bytes, ms)
      }
      return it
    }

    function answer(it: Measured, worker: string, bytes: number, ms: number): void {
      it.fleet.began(worker, 'model', it.now, bytes)
      it.now += ms
      it.fleet.answered(worker, 'model', { queue: 0, run: ms, network: 0 }, { now: it.now, bytes })
    }

    it('knows of each when it is answered, by a worker that was never measured too', () => {
      const { fleet } = mixed()
      for (const worker of ['worker', 'newcomer']) {
        assert.ok((fleet.within(worker, 'model', 15, SMALL) ?? 0) > 0.95, worker)
        assert.ok((fleet.within(worker, 'model', 50, LARGE) ?? 1) < 0.05, worker)
        assert.ok((fleet.within(worker, 'model', 150, LARGE) ?? 0) > 0.95, worker)
      }
      const [small = 0, large = 0] = [SMALL, LARGE].map(bytes => fleet.usualTime('model', bytes))
      assert.ok(Math.abs(large / small - 10) < 2, `${large} and ${small} ms`)
    })

    it('does not doubt a worker while a large one may still run', () => {
      const it = mixed()
      for (let i = 0; i < 3; i++) answer(it, 'newcomer', SMALL, 45)
      it.fleet.began('worker', 'model', it.now, LARGE)
      it.now += 120
      assert.deepEqual(it.best(2), ['worker', 'newcomer'])
      it.now += 200
      assert.deepEqual(it.best(2), ['newcomer', 'worker'])
    })

    it('learns from a late answer what the task that was given up was', () => {
      const it = mixed()
      for (let i = 0; i < 10; i++) {
        it.fleet.began('worker', 'model', it.now, LARGE)
        it.fleet.gaveUp('worker', 'model', 50, { now: it.now + 50, bytes: LARGE })
        it.now += 100
        it.fleet.answered('worker', 'model', { queue: 0, run: 100, network: 0 }, { now: it.now, late: true })
      }
      assert.ok((it.fleet.within('worker', 'model', 15, SMALL) ?? 0) > 0.95)
    })
  })
})
