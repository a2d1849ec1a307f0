import { createConnection, createServer, type Server, type Socket } from 'node:net'
import type { Clock, Millis } from '../../src/inference/index.ts'

/** Bytes that may be on the way in a direction before the sender is held up, as by the window of TCP. */
const WINDOW = 256 * 1024

export interface LinkInit {
  clock: Clock
  /** Where it listens; 0 lets the system choose. */
  port: number
  /** Where it leads, both on loopback. */
  to: number
  /** How long so many bytes that leave now are on the way: to the machine, or from it. */
  delay(bytes: number, way: 'to' | 'from'): Millis
}

/**
 * The network of a machine in user space: a TCP proxy in front of it, which needs no rights and works the same everywhere. What
 * comes in leaves after its delay.
 */
export class Link {
  readonly #init: LinkInit
  readonly #server: Server
  readonly #lanes = new Set<Lane>()
  #cut = false

  constructor(init: LinkInit) {
    this.#init = init
    this.#server = createServer({ allowHalfOpen: true }, near => this.#join(near))
  }

  /** @returns the port that it listens on */
  async listen(): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).listen(this.#init.port, '127.0.0.1', resolve)
    })
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : this.#init.port
  }

  /** Lets nothing through, or all again: what was on the way arrives then. */
  cut(cut: boolean): void {
    this.#cut = cut
    for (const lane of this.#lanes) {
      lane.deliver(cut)
    }
  }

  /** Breaks every connection. */
  reset(): void {
    for (const lane of this.#lanes) {
      lane.break()
    }
  }

  close(): void {
    this.#server.close()
    this.reset()
  }

  #join(near: Socket): void {
    const { clock, to, delay } = this.#init
    const far = createConnection({ host: '127.0.0.1', port: to, allowHalfOpen: true })
    for (const [from, into, way] of [
      [near, far, 'to'],
      [far, near, 'from']
    ] as const) {
      const lane = new Lane(from, into, clock, bytes => delay(bytes, way))
      this.#lanes.add(lane)
      lane.deliver(this.#cut)
      into.once('close', () => this.#lanes.delete(lane))
    }
  }
}

interface Chunk {
  /** Undefined: the other side has ended. */
  bytes: Buffer | undefined
  arrivesAt: Millis
}

/** One direction of a connection. */
class Lane {
  readonly #from: Socket
  readonly #to: Socket
  readonly #clock: Clock
  readonly #delay: (bytes: number) => Millis
  /** In their order, which their times keep. */
  readonly #onTheWay: Chunk[] = []
  #bytes = 0
  #cut = false
  #armed = false

  constructor(from: Socket, to: Socket, clock: Clock, delay: (bytes: number) => Millis) {
    this.#from = from
    this.#to = to
    this.#clock = clock
    this.#delay = delay
    from.setNoDelay(true)
    from.on('data', bytes => this.#send(bytes))
    from.once('end', () => this.#send(undefined))
    // A side that ended in good order leaves what is still on the way to arrive.
    from.on('error', () => to.destroy())
  }

  /** Everything that is due, unless the lane is cut; then it is delivered when it no longer is. */
  deliver(cut: boolean): void {
    this.#cut = cut
    const now = this.#clock.now()
    while (!cut && this.#onTheWay.length > 0 && this.#onTheWay[0].arrivesAt <= now) {
      const [{ bytes }] = this.#onTheWay.splice(0, 1)
      this.#bytes -= bytes?.length ?? 0
      if (bytes === undefined) {
        this.#to.end()
      } else if (!this.#to.destroyed) {
        this.#to.write(bytes)
      }
    }
    if (this.#bytes <= WINDOW) {
      this.#from.resume()
    }
    this.#arm()
  }

  break(): void {
    this.#from.resetAndDestroy()
  }

  #send(bytes: Buffer | undefined): void {
    this.#onTheWay.push({ bytes, arrivesAt: this.#clock.now() + this.#delay(bytes?.length ?? 0) })
    this.#bytes += bytes?.length ?? 0
    if (this.#bytes > WINDOW) {
      this.#from.pause()
    }
    this.#arm()
  }

  #arm(): void {
    const [next] = this.#onTheWay
    if (next !== undefined && !this.#cut && !this.#armed) {
      this.#armed = true
      this.#clock.setTimer(next.arrivesAt, () => {
        this.#armed = false
        this.deliver(this.#cut)
      })
    }
  }
}
