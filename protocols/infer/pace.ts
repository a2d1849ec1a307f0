import { BYTES_PER_TURN } from './constants.ts'

/**
 * Shares the turns of the event loop among the streams of one service: noise encrypts inside `send()`, so that a hundred
 * workers sent 600 KB each would hold everything else up for half a second. Who waits is served first come, first served, and
 * a stream asks for one piece after the other, so that no worker gets two pieces before another that waits gets one.
 */
export class Pace {
  #left = BYTES_PER_TURN
  #turning = false
  readonly #waiting: Array<{ bytes: number; resolve(): void }> = []

  /** Whether so many bytes may be sent now; if not, wait for your {@link turn}. */
  take(bytes: number): boolean {
    if (this.#left <= 0 || this.#waiting.length > 0) {
      return false
    }
    this.#left -= bytes
    return true
  }

  /** Resolves when so many bytes may be sent. */
  turn(bytes: number): Promise<void> {
    return new Promise(resolve => {
      this.#waiting.push({ bytes, resolve })
      this.#turnOver()
    })
  }

  /** Bytes are counted over as many turns as they last: to wake up after each turn would cost a small frame much. */
  #turnOver(): void {
    if (this.#turning) {
      return
    }
    this.#turning = true
    setImmediate(() => {
      this.#turning = false
      this.#left = BYTES_PER_TURN
      while (this.#left > 0 && this.#waiting.length > 0) {
        const next = this.#waiting.shift()
        this.#left -= next?.bytes ?? 0
        next?.resolve()
      }
      if (this.#waiting.length > 0) {
        this.#turnOver()
      }
    })
  }
}
