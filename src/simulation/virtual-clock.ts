import TinyQueue from 'tinyqueue'
import type { Clock, Millis } from '../inference/index.ts'

interface Timer {
  at: Millis
  /** Breaks ties: timers of one moment fire in the order in which they were set. */
  sequence: number
  fire: (() => void) | undefined
}

/** A clock that moves only when it is told to, from one timer to the next. Real time plays no part. */
export class VirtualClock implements Clock {
  readonly #timers = new TinyQueue<Timer>([], (a, b) => a.at - b.at || a.sequence - b.sequence)
  #now: Millis = 0
  #sequence = 0

  now(): Millis {
    return this.#now
  }

  setTimer(at: Millis, fire: () => void): () => void {
    const timer: Timer = { at: Math.max(at, this.#now), sequence: this.#sequence++, fire }
    this.#timers.push(timer)
    return () => {
      timer.fire = undefined
    }
  }

  /** Moves on to the next timer and fires it; `false` if there is none. */
  step(): boolean {
    for (let timer = this.#timers.pop(); timer !== undefined; timer = this.#timers.pop()) {
      if (timer.fire !== undefined) {
        this.#now = timer.at
        timer.fire()
        return true
      }
    }
    return false
  }

  /** Moves on to `until`, firing every timer on the way; without `until`, until no timer is left. */
  run(until = Infinity): void {
    for (let timer = this.#timers.peek(); timer !== undefined && timer.at <= until; timer = this.#timers.peek()) {
      if (timer.fire === undefined) {
        this.#timers.pop()
      } else {
        this.step()
      }
    }
    if (until !== Infinity) {
      this.#now = Math.max(this.#now, until)
    }
  }
}
