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
   * The worker of the next task among `ranked` ones (best first): one that holds no copy of the same query if there is one,
   * then the one with the fewest tasks of this group, then the best ranked.
   *
   * @param copyOf which query the task is a copy of; `undefined` for a mixture of queries
   * @returns `undefined` when there is no worker at all
   */
  next(ranked: readonly WorkerId[], copyOf: number | undefined): WorkerId | undefined {
    const copies = copyOf === undefined ? undefined : this.#copies.get(copyOf)
    let best: WorkerId | undefined
    let least = Infinity
    for (const worker of ranked) {
      // One more copy beside the first is worth less than an even load: it counts as a whole group's tasks.
      const cost = (this.#load.get(worker) ?? 0) + (copies?.has(worker) ? this.#placed : 0)
      if (cost < least) {
        best = worker
        least = cost
      }
    }
    if (best !== undefined) {
      this.#add(best, copyOf)
    }
    return best
  }

  #add(worker: WorkerId, copyOf: number | undefined): void {
    this.#placed++
    this.#load.set(worker, (this.#load.get(worker) ?? 0) + 1)
    if (copyOf !== undefined) {
      this.#copies.set(copyOf, (this.#copies.get(copyOf) ?? new Set()).add(worker))
    }
  }
}
