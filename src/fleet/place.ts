import type { WorkerId } from './fleet.ts'

/** A task of a group that already has a worker. */
export interface Placed {
  worker: WorkerId
  /** Which query the task is a copy of; `undefined` for a mixture of queries. */
  copyOf: number | undefined
}

/**
 * Chooses the worker of a group's next task among `ranked` workers (best first): one that holds no copy of the same
 * query if there is one, then the one with the fewest tasks of this group, then the best ranked.
 *
 * @returns `undefined` when there is no worker at all
 */
export function place(
  ranked: readonly WorkerId[],
  placed: readonly Placed[],
  copyOf: number | undefined
): WorkerId | undefined {
  const load = new Map<WorkerId, number>()
  const copies = new Set<WorkerId>()
  for (const task of placed) {
    load.set(task.worker, (load.get(task.worker) ?? 0) + 1)
    if (copyOf !== undefined && task.copyOf === copyOf) {
      copies.add(task.worker)
    }
  }
  // One more copy beside the first is worth less than an even load: it counts as a whole group's tasks.
  const cost = (worker: WorkerId): number => (load.get(worker) ?? 0) + (copies.has(worker) ? placed.length : 0)
  let best = ranked[0]
  for (const worker of ranked) {
    if (cost(worker) < cost(best)) {
      best = worker
    }
  }
  return best
}
