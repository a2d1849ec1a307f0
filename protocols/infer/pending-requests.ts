import type { TensorHeader } from '../../src/models/index.ts'
import type { Ticket } from '../../src/runtime/index.ts'
import { WireError } from './errors.ts'
import type { Credit } from './index.ts'
import type { InFlight } from './metrics.ts'

/** A request without its terminal frame. */
export interface Pending {
  readonly id: number
  readonly bytes: number
  readonly outputs: readonly string[]
  readonly inputs: readonly TensorHeader[]
  /** Absent once rejected. */
  ticket?: Ticket
  /** When it is told that it was accepted; absent once it was, or has ended. */
  acceptedDue?: number
}

/** The requests of one master at a worker, from their header to the end of their terminal frame, and the credit that they take. */
export class PendingRequests {
  readonly #credit: Credit
  readonly #requests = new Map<number, Pending>()
  #bytes = 0
  #lastId = 0

  constructor(credit: Credit) {
    this.#credit = credit
  }

  get used(): InFlight {
    return { requests: this.#requests.size, bytes: this.#bytes }
  }

  [Symbol.iterator](): Iterator<Pending> {
    return this.#requests.values()
  }

  get(id: number): Pending | undefined {
    return this.#requests.get(id)
  }

  has(pending: Pending): boolean {
    return this.#requests.get(pending.id) === pending
  }

  /** @throws {WireError} the next request has another id, or there is no credit for so many bytes */
  checkNext(id: number, bytes: number): void {
    const next = (this.#lastId + 1) >>> 0
    if (id !== next) {
      throw new WireError(`request ids count up by one: expected ${next}, got ${id}`)
    }
    const { requests, bytes: most } = this.#credit
    if (this.#requests.size >= requests || this.#bytes + bytes > most) {
      throw new WireError(`request ${id} goes beyond the credit of ${requests} requests and ${most} bytes in flight`)
    }
  }

  add(pending: Pending): void {
    this.#lastId = pending.id
    this.#requests.set(pending.id, pending)
    this.#bytes += pending.bytes
  }

  /** Its terminal frame has left: what it took of the credit is free. */
  delete(pending: Pending): void {
    if (this.#requests.delete(pending.id)) {
      this.#bytes -= pending.bytes
    }
  }

  clear(): void {
    this.#requests.clear()
    this.#bytes = 0
  }
}
