import TinyQueue from 'tinyqueue'
import type { WorkerId } from './fleet.ts'

/** A worker that owes the result of a task of this model, and when its silence will have been too long if it goes on. */
export interface Silence {
  worker: WorkerId
  model: string
  at: number
}

/** When to look again at workers that owe results: the earliest moment of each, and only those that are due cost anything. */
export class Silences {
  readonly #next = new TinyQueue<Silence>([], (a, b) => a.at - b.at)
  readonly #earliest = new Map<WorkerId, number>()

  /** Unless it is looked at before that anyway. */
  add(silence: Silence): void {
    const { worker, at } = silence
    if (at < (this.#earliest.get(worker) ?? Infinity)) {
      this.#earliest.set(worker, at)
      this.#next.push(silence)
    }
  }

  /** Takes out the next one whose moment has come. */
  take(now: number): Silence | undefined {
    for (let next = this.#next.peek(); next !== undefined && next.at <= now; next = this.#next.peek()) {
      this.#next.pop()
      // Others of the same worker were overtaken by an earlier one.
      if (this.#earliest.get(next.worker) === next.at) {
        this.#earliest.delete(next.worker)
        return next
      }
    }
    return undefined
  }
}
