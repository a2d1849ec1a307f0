import { BYTES_PER_TURN } from './constants.ts'

/**
 * Shares each turn of the event loop among the streams of one service: noise encrypts inside `send()`, so that a hundred
 * workers sent 600 KB each would hold everything else up for half a second.
 */
export class Pace {
  #spent = 0
  #turn?: Promise<void>

  /** Returns at once while this turn has bytes left, else in a later turn of the event loop. */
  async take(bytes: number): Promise<void> {
    while (this.#spent >= BYTES_PER_TURN) {
      await this.#nextTurn()
    }
    this.#spent += bytes
    // the count starts anew in each turn, also when nobody waits for one
    this.#nextTurn()
  }

  #nextTurn(): Promise<void> {
    this.#turn ??= new Promise(resolve => {
      setImmediate(() => {
        this.#spent = 0
        this.#turn = undefined
        resolve()
      })
    })
    return this.#turn
  }
}
