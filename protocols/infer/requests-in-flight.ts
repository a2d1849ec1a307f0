import type { WorkerId } from '../../src/inference/index.ts'
import { WireError } from './errors.ts'
import type { FrameHead } from './frames.ts'
import type { InFlight } from './metrics.ts'
import type { OutboundRequest } from './request.ts'

/** The requests of one stream from their first byte to their terminal frame, and the credit that they take. */
export class RequestsInFlight {
  readonly #requests = new Map<number, OutboundRequest>()
  #bytes = 0
  #lastId = 0

  get used(): InFlight {
    return { requests: this.#requests.size, bytes: this.#bytes }
  }

  [Symbol.iterator](): Iterator<OutboundRequest> {
    return this.#requests.values()
  }

  /** Returns the id that it has on the wire: they count up by one, modulo 2³². */
  add(request: OutboundRequest): number {
    this.#lastId = (this.#lastId + 1) >>> 0
    this.#requests.set(this.#lastId, request)
    this.#bytes += request.bytes
    return this.#lastId
  }

  get(id: number): OutboundRequest | undefined {
    return this.#requests.get(id)
  }

  /** @throws {WireError} the frame answers no request that is in flight, or accepts one that was accepted */
  answeredBy({ type, id }: FrameHead, worker: WorkerId): OutboundRequest {
    const request = this.#requests.get(id)
    if (request === undefined) {
      throw new WireError(`worker ${worker} sent ${type} for request ${id}, which is not in flight`)
    }
    if (type === 'accepted' && request.stage === 'answered') {
      throw new WireError(`worker ${worker} accepted request ${id} twice`)
    }
    return request
  }

  /** Its terminal frame has come: what it took of the credit is free. */
  delete(request: OutboundRequest): void {
    if (this.#requests.delete(request.id)) {
      this.#bytes -= request.bytes
    }
  }

  clear(): void {
    this.#requests.clear()
    this.#bytes = 0
  }
}
