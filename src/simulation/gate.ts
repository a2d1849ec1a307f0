/** Lets things happen while it is open, and in their order once it opens again. */
export class Gate {
  readonly #held: Array<() => void> = []
  #closed = 0

  /** Is it closed? Then it calls `again` when it opens. */
  holds(again: () => void): boolean {
    if (this.#closed > 0) {
      this.#held.push(again)
    }
    return this.#closed > 0
  }

  /** Closed twice, it takes two openings. */
  close(): void {
    this.#closed++
  }

  open(): void {
    this.#closed--
    if (this.#closed === 0) {
      for (const again of this.#held.splice(0)) {
        again()
      }
    }
  }
}
