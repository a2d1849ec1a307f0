import { BYTES_PER_TURN } from './constants.ts'

/**
 * Shares the turns of the event loop among the streams of one service: noise encrypts inside `send()`, so that a hundred
 * workers sent 600 KB each would hold everything else up for half a second.
 */
export class Pace {
  #left = BYTES_PER_TURN
  #turn?: Promise<void>

  /** Whether so many bytes may be sent now; if not, ask again in the {@link nextTurn}. */
  take(bytes: number): boolean {
    if (this.#left <= 0) {
      return false
    }
    this.#left -= bytes
    return true
  }

  /** Bytes are counted over as many turns as they last: to wake up after each turn would cost a small frame much. */
  nextTurn(): Promise<void> {
    this.#turn ??= new Promise(resolve => {
      setImmediate(() => {
        this.#left = BYTES_PER_TURN
        this.#turn = undefined
        resolve()
      })
    })
    return this.#turn
  }
}
