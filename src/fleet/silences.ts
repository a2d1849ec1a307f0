import TinyQueue from 'tinyqueue'
import type { WorkerId } from './fleet.ts'

/** A worker that owes the result of a task of this model, and when its silence will have been too long if it goes on. */
export interface Silence {
  worker: WorkerId
  model: string
  at: number
}

/** When to look again at workers that owe results: one moment for each, and only those that are due cost anything. */
export class Silences {
  readonly #next = new TinyQueue<Silence>([], (a, b) => a.at - b.at)
  readonly #listened = new Set<WorkerId>()

  has(worker: WorkerId): boolean {
    return this.#listened.has(worker)
  }

  add(silence: Silence): void {
    this.#listened.add(silence.worker)
    this.#next.push(silence)
  }

  /** Takes out the next one whose moment has come. */
  take(now: number): Silence | undefined {
    const next = this.#next.peek()
    if (next === undefined || next.at > now) return undefined
    this.#next.pop()
    this.#listened.delete(next.worker)
    return next
  }
}
