import type { RowsTime } from './batch-times.ts'

/**
 * How many of the tasks that wait are best run together. Run b at a time, q tasks take q/b runs of T(b) ms, and the mean
 * time to the end of a task is T(b)·(q/b + 1)/2: the b with the least is taken. So batches are formed only when that
 * serves those who wait, never to raise the throughput alone.
 *
 * @param times T by number of rows, ascending from one row
 * @param waiting q, at least 1
 * @param within ms that a run of several may take at most
 */
export function batchSize(times: readonly RowsTime[], waiting: number, within: number): number {
  let best = 1
  let least = Number.POSITIVE_INFINITY
  for (const { rows, ms } of times) {
    const mean = (ms * (waiting / rows + 1)) / 2
    if (rows <= waiting && (rows === 1 || ms <= within) && mean < least) {
      best = rows
      least = mean
    }
  }
  return best
}
