import type { Clock } from '../src/inference/index.ts'

/** The clock of a running peer: milliseconds since the process began, monotonic. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimer(at, fire) {
    const left = at - performance.now()
    if (left <= 0) {
      // What is due already waits for the I/O that is, and no longer: a timeout would take a millisecond at least.
      const immediate = setImmediate(fire)
      return () => clearImmediate(immediate)
    }
    const timer = setTimeout(fire, left)
    return () => clearTimeout(timer)
  }
}
