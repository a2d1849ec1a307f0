import { AnswerTimes, type AnswerTimesSnapshot } from './answer-times.ts'

/** A model that was not asked for so long may have been let go of: the worker loads it before it answers. */
const COLD_AFTER_MS = 30_000
/** Weight of the newest in a moving average. */
const NEWEST = 0.1

/**
 * What was measured of one model at one worker, cold runs apart: the first answer of all, one after a long time, and those to tasks that
 * left before it came. Of answers in a row, one is cold at most: who is seldom asked is known by every second one.
 */
export class Measured {
  /** Moving average of the time in the network; `undefined` before there is one in this process. */
  networkMs: number | undefined
  /** The time of the newest cold run in this process. */
  coldMs: number | undefined
  /** Of warm runs; as long as there was none, of cold ones. */
  #times = new AnswerTimes()
  #coldStandIn = true
  #meanMs: number | undefined
  #answeredAt = -Infinity
  #coldUntil = -Infinity
  #newestWasCold = false

  get times(): AnswerTimes {
    return this.#times
  }

  /** Was what is answered now, after so many ms, a cold run? */
  isCold(ms: number, now: number): boolean {
    const leftAt = now - ms
    return leftAt < this.#coldUntil || (!this.#newestWasCold && leftAt - this.#answeredAt >= COLD_AFTER_MS)
  }

  /** A task was answered after so many ms, of which it was in the network for `network`; one of usual size would have been after `usual`. */
  answered({ ms, usual, network, now }: { ms: number; usual: number; network: number; now: number }): void {
    const before = this.networkMs ?? network
    this.networkMs = before + NEWEST * (network - before)
    const cold = this.isCold(ms, now)
    if (now - ms >= this.#coldUntil) {
      this.#newestWasCold = cold
      if (cold) this.#coldUntil = now
    }
    this.#answeredAt = now
    if (cold) this.coldMs = ms
    if (cold && !this.#coldStandIn) return
    if (!cold && this.#coldStandIn) {
      this.#times = new AnswerTimes()
      this.#coldStandIn = false
    }
    this.#times.answered(usual, now)
    this.#meanMs = undefined
  }

  /** A task was given up after so long, and nothing came of it. */
  unanswered(afterMs: number, now: number): void {
    this.#times.unanswered(afterMs, now)
    this.#meanMs = undefined
  }

  /** The mean time to an answer when nobody waits for longer than `most` ms; kept until something changes it. */
  meanUpTo(most: number): number {
    this.#meanMs ??= this.#times.meanUpTo(most)
    return this.#meanMs
  }

  snapshot(): AnswerTimesSnapshot {
    return this.#times.snapshot()
  }

  restore(snapshot: AnswerTimesSnapshot, now: number): void {
    this.#times.restore(snapshot, now)
    this.#coldStandIn = false
  }
}
