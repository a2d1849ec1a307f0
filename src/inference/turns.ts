import type { Sliced } from '../codes/index.ts'
import type { TimerId } from './events.ts'
import type { Group } from './group.ts'

/** How much is computed in a step before others get their turn, in multiply-adds: 2 ms, or 4 on a machine that is busy besides. */
const TURN = 8e6

export interface TurnsInit {
  /** A group has tasks that are to be sent, or is wholly encoded. */
  made(group: Group): void
  /** Arms a timer that is due, so that everything else has its turn first. */
  arm(fire: () => void): TimerId
  disarm(timer: TimerId): void
}

interface Job {
  group: Group
  work: Sliced<void>
  done(): void
}

/** Encodes and decodes groups one after the other, so much in a turn that nothing else has to wait for long. */
export class Turns {
  readonly #init: TurnsInit
  readonly #encoding: Job[] = []
  /** Somebody waits for these, so they come first. */
  readonly #decoding: Job[] = []
  #next: TimerId | undefined
  /** What is left to this step. */
  #left = TURN

  constructor(init: TurnsInit) {
    this.#init = init
  }

  /** Groups that are being worked on. */
  get held(): number {
    return this.#encoding.length + this.#decoding.length
  }

  /** Encodes a closed group in the turns to come. */
  encode(group: Group): void {
    this.#encoding.push({ group, work: this.#encode(group), done: () => this.#init.made(group) })
  }

  /** Does what `work` is: at once if it is little, else in the turns to come. */
  decode(group: Group, work: Sliced<void>, done: () => void): void {
    while (this.#left > 0) {
      const step = work.next()
      if (step.done) {
        done()
        return
      }
      this.#left -= step.value
    }
    this.#decoding.push({ group, work, done })
  }

  /** A group need not be encoded any further. */
  remove(group: Group): void {
    const at = this.#encoding.findIndex(job => job.group === group)
    if (at >= 0) {
      this.#encoding.splice(at, 1)
    }
  }

  /** Ends a step: takes one turn, unless the next one is armed already; if work is left, arms the next. */
  take(): void {
    if (this.#next === undefined) {
      this.#work()
    }
    if (this.#next === undefined && this.held > 0) {
      this.#next = this.#init.arm(() => {
        this.#next = undefined
      })
    } else if (this.#next !== undefined && this.held === 0) {
      this.#init.disarm(this.#next)
      this.#next = undefined
    }
    this.#left = TURN
  }

  #work(): void {
    while (this.held > 0 && this.#left > 0) {
      const jobs = this.#decoding.length > 0 ? this.#decoding : this.#encoding
      const [job] = jobs
      const step = job.work.next()
      if (step.done) {
        jobs.shift()
        job.done()
      } else {
        this.#left -= step.value
      }
    }
  }

  *#encode(group: Group): Sliced<void> {
    for (let next = group.plan.encodeNext(); next !== undefined; next = group.plan.encodeNext()) {
      const { tasks, cost } = next
      group.place(tasks)
      if (tasks.length > 0) {
        this.#init.made(group)
      }
      yield cost
    }
  }
}
