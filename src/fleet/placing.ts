import type { WorkerId } from './fleet.ts'

/** Chooses the workers of a group's tasks, one by one. */
export class Placing {
  readonly #load = new Map<WorkerId, number>()
  /** The workers that hold a copy of a query, by query. */
  readonly #copies = new Map<number, Set<WorkerId>>()
  #placed = 0

  /** How many workers have a task of this group. */
  get workers(): number {
    return this.#load.size
  }

  /**
   * The worker of the next task among `ranked` ones (best first): one that holds none of the same queries if there is one,
   * then the one with the fewest tasks of this group, then the best ranked.
   *
   * @param queries those whose predictions the task gives; none for a mixture of queries
   * @returns `undefined` when there is no worker at all
   */
  next(ranked: readonly WorkerId[], queries: readonly number[]): WorkerId | undefined {
    const copies = queries.flatMap(query => this.#copies.get(query) ?? [])
    let best: WorkerId | undefined
    let least = Infinity
    for (const worker of ranked) {
      // One more copy beside the first is worth less than an even load: it counts as a whole group's tasks.
      const cost = (this.#load.get(worker) ?? 0) + (copies.some(held => held.has(worker)) ? this.#placed : 0)
      if (cost < least) {
        best = worker
        least = cost
      }
      // None can cost less, and of equals the best ranked is meant: with a worker for each task, half of them need no look.
      if (least === 0) break
    }
    if (best !== undefined) {
      this.#add(best, queries)
    }
    return best
  }

  #add(worker: WorkerId, queries: readonly number[]): void {
    this.#placed++
    this.#load.set(worker, (this.#load.get(worker) ?? 0) + 1)
    for (const query of queries) {
      this.#copies.set(query, (this.#copies.get(query) ?? new Set()).add(worker))
    }
  }
}
