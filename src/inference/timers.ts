import type { Millis } from './channel.ts'
import type { Effect, TimerId } from './events.ts'

export interface TimersInit {
  /** An id that nothing of the master has. */
  newId(): TimerId
  emit(effect: Extract<Effect, { type: 'arm' | 'disarm' }>): void
}

/** What the master waits for: each timer fires once, unless it is disarmed before. */
export class Timers {
  readonly #init: TimersInit
  readonly #armed = new Map<TimerId, () => void>()

  constructor(init: TimersInit) {
    this.#init = init
  }

  /** Timers that are armed. */
  get held(): number {
    return this.#armed.size
  }

  arm(at: Millis, fire: () => void): TimerId {
    const timer = this.#init.newId()
    this.#armed.set(timer, fire)
    this.#init.emit({ type: 'arm', timer, at })
    return timer
  }

  disarm(timer: TimerId): void {
    if (this.#armed.delete(timer)) {
      this.#init.emit({ type: 'disarm', timer })
    }
  }

  /** Its moment has come. */
  fire(timer: TimerId): void {
    const fire = this.#armed.get(timer)
    this.#armed.delete(timer)
    fire?.()
  }
}
