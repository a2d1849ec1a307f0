import type { TimerId } from './events.ts'
import type { Group } from './group.ts'

/** How much is encoded before others get their turn, in multiply-adds: 2 ms, or 4 on a machine that is busy besides. */
const TURN = 8e6

export interface EncodingTurnsInit {
  /** A group has tasks that are to be sent, or is wholly encoded. */
  made(group: Group): void
  /** Arms a timer that is due, so that everything else has its turn first. */
  arm(fire: () => void): TimerId
  disarm(timer: TimerId): void
}

/** Encodes closed groups one after the other, so much in a turn that nothing else has to wait for long. */
export class EncodingTurns {
  readonly #init: EncodingTurnsInit
  /** It is the first one's turn. */
  readonly #groups: Group[] = []
  #next: TimerId | undefined

  constructor(init: EncodingTurnsInit) {
    this.#init = init
  }

  add(group: Group): void {
    this.#groups.push(group)
  }

  remove(group: Group): void {
    const at = this.#groups.indexOf(group)
    if (at >= 0) {
      this.#groups.splice(at, 1)
    }
  }

  /** Takes one turn, unless the next one is armed already; if work is left, arms the next. */
  take(): void {
    if (this.#next === undefined) {
      this.#encode()
    }
    if (this.#next === undefined && this.#groups.length > 0) {
      this.#next = this.#init.arm(() => {
        this.#next = undefined
      })
    } else if (this.#next !== undefined && this.#groups.length === 0) {
      this.#init.disarm(this.#next)
      this.#next = undefined
    }
  }

  #encode(): void {
    for (let left = TURN; this.#groups.length > 0 && left > 0; ) {
      const [group] = this.#groups
      const { tasks, cost } = group.plan.encodeNext()
      left -= cost
      group.place(tasks)
      if (group.plan.complete) {
        this.#groups.shift()
      }
      if (tasks.length > 0 || group.plan.complete) {
        this.#init.made(group)
      }
    }
  }
}
