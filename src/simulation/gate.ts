/** Lets things happen while it is open, and in their order once it opens again. */
export class Gate {
  #held: Array<() => void> = []
  #closed = 0

  /** Now, or when the gate opens. */
  pass(happen: () => void): void {
    if (this.#closed === 0) {
      happen()
    } else {
      this.#held.push(happen)
    }
  }

  /** Closed twice, it takes two openings. */
  close(): void {
    this.#closed++
  }

  open(): void {
    this.#closed--
    if (this.#closed === 0) {
      for (const happen of this.#held.splice(0)) {
        this.pass(happen)
      }
    }
  }
}
