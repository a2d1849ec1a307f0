import type { Clock } from '../src/inference/index.ts'

/** The clock of a running peer: milliseconds since the process began, monotonic. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimer(at, fire) {
    const timer = setTimeout(fire, Math.max(0, at - performance.now()))
    return () => clearTimeout(timer)
  }
}
