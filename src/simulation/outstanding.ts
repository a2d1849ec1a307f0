/** Tasks of one master that a worker lets be in flight: what real workers have by default, in `src/runtime`. */
const CREDIT = 64

/**
 * The tasks of a worker that have not ended: those held at the master until there is credit, and those in flight, until their terminal
 * message is back. Lists, not sets: V8 keeps what ever was in a set alive that is long-lived and changes slowly, and there are two a worker.
 */
export class Outstanding<T> {
  readonly #held: T[] = []
  readonly #inFlight: T[] = []

  hold(task: T): void {
    this.#held.push(task)
  }

  /** Whether there is credit or not. */
  send(task: T): void {
    this.#inFlight.push(task)
  }

  /** The task held for longest is in flight from now on, if there is credit for it. */
  sendHeld(): T | undefined {
    const task = this.#inFlight.length < CREDIT ? this.#held.shift() : undefined
    if (task !== undefined) {
      this.send(task)
    }
    return task
  }

  isHeld(task: T): boolean {
    return this.#held.includes(task)
  }

  isInFlight(task: T): boolean {
    return this.#inFlight.includes(task)
  }

  /** A task ends; `false` if it had. */
  end(task: T): boolean {
    return taken(task, this.#inFlight) || taken(task, this.#held)
  }

  /** Those that are held now. */
  get held(): T[] {
    return this.#held.slice()
  }

  /** All there are now. */
  get all(): T[] {
    return [...this.#held, ...this.#inFlight]
  }

  clear(): void {
    this.#held.length = 0
    this.#inFlight.length = 0
  }
}

/** Takes a task off a list; `false` if it is not there. */
function taken<T>(task: T, from: T[]): boolean {
  const place = from.indexOf(task)
  if (place >= 0) {
    from.splice(place, 1)
  }
  return place >= 0
}
