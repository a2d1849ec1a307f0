import TinyQueue from 'tinyqueue'
import type { Clock, Millis } from '../inference/index.ts'

/** Timers that were disarmed leave when there are so many, and more of them than others: a deadline is seldom reached. */
const MOST_DISARMED = 64

interface Timer {
  at: Millis
  /** Breaks ties: timers of one moment fire in the order in which they were set. */
  sequence: number
  fire: (() => void) | undefined
}

/** A clock that moves only when it is told to, from one timer to the next. Real time plays no part. */
export class VirtualClock implements Clock {
  #timers = new TinyQueue<Timer>([], earlier)
  #disarmed = 0
  #now: Millis = 0
  #sequence = 0

  now(): Millis {
    return this.#now
  }

  setTimer(at: Millis, fire: () => void): () => void {
    const timer: Timer = { at: Math.max(at, this.#now), sequence: this.#sequence++, fire }
    this.#timers.push(timer)
    return () => {
      if (timer.fire !== undefined) {
        timer.fire = undefined
        this.#disarmed++
        this.#clear()
      }
    }
  }

  /** Moves on to the next timer and fires it; `false` if there is none. */
  step(): boolean {
    const timer = this.#next()
    if (timer === undefined) {
      return false
    }
    this.#timers.pop()
    const { fire } = timer
    timer.fire = undefined
    this.#now = timer.at
    fire?.()
    return true
  }

  /** Moves on to `until`, firing every timer on the way; without `until`, until no timer is left. */
  run(until = Infinity): void {
    for (let timer = this.#next(); timer !== undefined && timer.at <= until; timer = this.#next()) {
      this.step()
    }
    if (until !== Infinity) {
      this.#now = Math.max(this.#now, until)
    }
  }

  /** The next timer that is armed. */
  #next(): Timer | undefined {
    let timer = this.#timers.peek()
    while (timer !== undefined && timer.fire === undefined) {
      this.#timers.pop()
      this.#disarmed--
      timer = this.#timers.peek()
    }
    return timer
  }

  #clear(): void {
    if (this.#disarmed > MOST_DISARMED && 2 * this.#disarmed > this.#timers.length) {
      const armed = this.#timers.data.filter(({ fire }) => fire !== undefined)
      this.#timers = new TinyQueue(armed, earlier)
      this.#disarmed = 0
    }
  }
}

/** Whole numbers: a difference of moments would be a new object for each comparison, of which a task takes dozens. */
function earlier(a: Timer, b: Timer): number {
  if (a.at === b.at) {
    return a.sequence - b.sequence
  }
  return a.at < b.at ? -1 : 1
}
