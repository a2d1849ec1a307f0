import { PROMPT_BYTES_PER_TURN, TURN_MS } from './constants.ts'

/** Sends a little, and says whether it has more to send. */
export type Sender = () => boolean

/**
 * Shares the turns of the event loop among the streams of one service: noise encrypts inside `send()`, so that a hundred
 * workers sent 600 KB each would hold everything else up for half a second. Those that wait send a little one after the other,
 * round and round, until the time of the turn is over: one that is alone has all of it. By time and not by bytes, so that a
 * slow computer has its turns as well.
 */
export class Pace {
  readonly #now: () => number
  #waiting: Sender[] = []
  #turning = false
  /** When the turn that is on is over. */
  #over = 0
  /** What small frames may still take before one of them has to wait for a turn. */
  #promptBytes = PROMPT_BYTES_PER_TURN

  /** @param now in ms */
  constructor(now: () => number) {
    this.#now = now
  }

  /**
   * Whether a small frame may be sent now; if not, {@link wait}. They are counted over as many turns as they last: to wake up
   * after each turn would cost them much.
   */
  take(bytes: number): boolean {
    if (this.#promptBytes <= 0 || this.#waiting.length > 0) {
      return false
    }
    this.#promptBytes -= bytes
    return true
  }

  /** Has it send in turns to come until it has nothing more to send. It must not throw. */
  wait(sender: Sender): void {
    this.#waiting.push(sender)
    this.#turnOver()
  }

  /** Resolves in a turn to come in which nobody sends any more. */
  wholeTurn(): Promise<void> {
    return new Promise(resolve => {
      this.wait(() => {
        this.#over = Number.NEGATIVE_INFINITY
        resolve()
        return false
      })
    })
  }

  #turnOver(): void {
    if (!this.#turning) {
      this.#turning = true
      setImmediate(() => this.#turn())
    }
  }

  #turn(): void {
    this.#promptBytes = PROMPT_BYTES_PER_TURN
    this.#over = this.#now() + TURN_MS
    do {
      const sender = this.#waiting.shift()
      if (sender?.()) {
        this.#waiting.push(sender)
      }
    } while (this.#waiting.length > 0 && this.#now() < this.#over)
    this.#turning = false
    if (this.#waiting.length > 0) {
      this.#turnOver()
    }
  }
}
