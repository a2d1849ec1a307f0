import type { OutboundRequest } from './request.ts'

/** The requests of one stream that wait for credit. They are few: looking through them costs less than keeping them sorted. */
export class WaitingRequests {
  readonly #requests = new Set<OutboundRequest>()

  get size(): number {
    return this.#requests.size
  }

  [Symbol.iterator](): Iterator<OutboundRequest> {
    return this.#requests.values()
  }

  add(request: OutboundRequest): void {
    this.#requests.add(request)
  }

  /** Says whether it was waiting. */
  delete(request: OutboundRequest): boolean {
    return this.#requests.delete(request)
  }

  clear(): void {
    this.#requests.clear()
  }

  /** The one with the earliest deadline; of equal ones that which was added first. */
  earliest(): OutboundRequest | undefined {
    let earliest: OutboundRequest | undefined
    for (const request of this.#requests) {
      if (earliest === undefined || request.deadline < earliest.deadline) {
        earliest = request
      }
    }
    return earliest
  }
}
