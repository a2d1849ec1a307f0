import type { Clock, Millis } from '../../src/inference/index.ts'
import { systemClock } from '../clock.ts'

/** The time of a real run, from 0 on. What is still to come when it stops never happens. */
export class RunClock implements Clock {
  readonly #start = systemClock.now()
  readonly #disarms = new Set<() => void>()

  now(): Millis {
    return systemClock.now() - this.#start
  }

  setTimer(at: Millis, fire: () => void): () => void {
    const disarm = systemClock.setTimer(this.#start + at, () => {
      this.#disarms.delete(disarm)
      fire()
    })
    this.#disarms.add(disarm)
    return () => {
      this.#disarms.delete(disarm)
      disarm()
    }
  }

  stop(): void {
    for (const disarm of this.#disarms) {
      disarm()
    }
    this.#disarms.clear()
  }
}
