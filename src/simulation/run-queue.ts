import type { Clock, Millis } from '../inference/index.ts'
import type { Gate } from './gate.ts'

/** Tasks that may wait at a worker: what `src/runtime` has by default. */
const MAX_WAITING = 256

export interface RunQueueInit<T> {
  clock: Clock
  /** While it is closed, no run ends. */
  frozen: Gate
  /** Bytes of tasks that may wait. */
  memory: number
  /** Time of a run that begins now. */
  service(): Millis
  /** Its turn has come: is it still to run? */
  due(task: T): boolean
  /** Its run begins, and takes so long. */
  begins(task: T, took: Millis): void
  /** Its run is over. */
  ran(task: T, began: Millis): void
}

/** The bounded queue of a virtual worker, which runs one task at a time, first come first served. */
export class RunQueue<T extends { bytes: { input: number } }> {
  /** The most bytes that ever waited at once. */
  mostWaiting = 0
  readonly #init: RunQueueInit<T>
  readonly #waiting: T[] = []
  #bytes = 0
  #running = false

  constructor(init: RunQueueInit<T>) {
    this.#init = init
  }

  /** @returns `false` if there is no room */
  offer(task: T): boolean {
    if (this.#waiting.length >= MAX_WAITING || this.#bytes + task.bytes.input > this.#init.memory) {
      return false
    }
    this.#waiting.push(task)
    this.#bytes += task.bytes.input
    this.#runNext()
    this.mostWaiting = Math.max(this.mostWaiting, this.#bytes)
    return true
  }

  /** Takes a task out; `false` if it does not wait. */
  remove(task: T): boolean {
    const place = this.#waiting.indexOf(task)
    if (place >= 0) {
      this.#waiting.splice(place, 1)
      this.#bytes -= task.bytes.input
    }
    return place >= 0
  }

  /** Takes all out. */
  clear(): T[] {
    this.#bytes = 0
    return this.#waiting.splice(0)
  }

  #runNext(): void {
    while (!this.#running) {
      const task = this.#waiting.shift()
      if (task === undefined) {
        return
      }
      this.#bytes -= task.bytes.input
      if (this.#init.due(task)) {
        this.#run(task)
      }
    }
  }

  #run(task: T): void {
    const { clock, frozen, service, begins, ran } = this.#init
    const began = clock.now()
    const took = service()
    this.#running = true
    begins(task, took)
    const end = (): void => {
      if (!frozen.holds(end)) {
        this.#running = false
        ran(task, began)
        this.#runNext()
      }
    }
    clock.setTimer(began + took, end)
  }
}
