import { PIECE_BYTES, PIECES_PER_TURN } from './constants.ts'

interface Waiting {
  pieces: number
  /** It takes all that is left of its turn. */
  whole: boolean
  /** @param pieces at least one, at most as many as are waiting to be sent */
  resolve(pieces: number): void
}

/**
 * Shares the turns of the event loop among the streams of one service: noise encrypts inside `send()`, so that a hundred
 * workers sent 600 KB each would hold everything else up for half a second. Those that wait share a turn evenly, first come,
 * first served: one that is alone gets all of it, of a hundred each gets a piece before any gets the next.
 */
export class Pace {
  #left = PIECES_PER_TURN * PIECE_BYTES
  #turning = false
  #waiting: Waiting[] = []

  /** Whether a small frame may be sent now; if not, wait for a {@link turn}. */
  take(bytes: number): boolean {
    if (this.#left <= 0 || this.#waiting.length > 0) {
      return false
    }
    this.#left -= bytes
    return true
  }

  /** Resolves in a turn to come with how many of so many pieces may be sent in it. */
  turn(pieces: number): Promise<number> {
    return this.#wait(pieces, false)
  }

  /** Resolves in a turn to come in which nobody sends any more. */
  async wholeTurn(): Promise<void> {
    await this.#wait(PIECES_PER_TURN, true)
  }

  #wait(pieces: number, whole: boolean): Promise<number> {
    return new Promise(resolve => {
      this.#waiting.push({ pieces, whole, resolve })
      this.#turnOver()
    })
  }

  /** Small frames are counted over as many turns as they last: to wake up after each turn would cost them much. */
  #turnOver(): void {
    if (this.#turning) {
      return
    }
    this.#turning = true
    setImmediate(() => {
      this.#turning = false
      let left = PIECES_PER_TURN
      const share = Math.max(1, Math.floor(left / this.#waiting.length))
      for (let next = this.#waiting.shift(); next !== undefined; next = left > 0 ? this.#waiting.shift() : undefined) {
        const given = next.whole ? left : Math.min(next.pieces, share)
        left -= given
        next.resolve(given)
      }
      this.#left = left * PIECE_BYTES
      if (this.#waiting.length > 0) {
        this.#turnOver()
      }
    })
  }
}
