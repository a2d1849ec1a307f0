import type { Millis } from '../../src/inference/index.ts'

/** The longest delay that a timer takes. */
const MAX_DELAY_MS = 2 ** 31 - 1

/**
 * One timer for all that a stream waits for: to start and to stop one for every request costs a small task more than reading
 * it. What has ended meanwhile is not taken back; the owner finds nothing due then. It does not keep the process alive.
 */
export class DueTimer {
  readonly #now: () => Millis
  readonly #fire: (due: Millis) => void
  #timer?: NodeJS.Timeout
  #armedAt = Number.POSITIVE_INFINITY

  /** @param fire gets the moment that has come: everything up to it is due. To arm the next is its task. */
  constructor(now: () => Millis, fire: (due: Millis) => void) {
    this.#now = now
    this.#fire = fire
  }

  /** Fires at this moment or before. */
  arm(at: Millis): void {
    if (at >= this.#armedAt) {
      return
    }
    clearTimeout(this.#timer)
    this.#armedAt = at
    const delay = Math.min(Math.max(0, at - this.#now()), MAX_DELAY_MS)
    this.#timer = setTimeout(() => {
      this.#armedAt = Number.POSITIVE_INFINITY
      this.#fire(at)
    }, delay).unref()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#armedAt = Number.NEGATIVE_INFINITY
  }
}
