import type { ModelId } from '../models/index.ts'
import type { TaskHeader } from './admission.ts'
import { batchSize } from './batch-size.ts'
import type { BatchTimes, RowsTime } from './batch-times.ts'
import type { Place } from './place.ts'

/**
 * The weight of the newest run in the time of its size; and in those of the other sizes of its model, for as much as is owed to
 * other load or to heat, which slow all sizes alike.
 */
const NEWEST = { same: 0.3, other: 0.05 }

/** Says which of the tasks that wait share the next run. */
export class Batches {
  /** As measured at the start, and learned since. */
  readonly #times: Map<ModelId, readonly RowsTime[]>

  constructor(times: BatchTimes) {
    this.#times = new Map(times)
  }

  /** What tasks that may share a run have in common; `undefined` for a task of several rows, or of a model that is never batched. */
  kindOf({ model, inputs, outputs }: TaskHeader): string | undefined {
    const single = this.#times.has(model) && inputs.every(({ shape }) => shape[0] === 1)
    return single ? JSON.stringify([model, outputs]) : undefined
  }

  /**
   * The next to run: the first of the line, and with it as many of its kind as serves those who wait (see `batch-size.ts`),
   * but never so many that a task, in the run or after it, misses a deadline that it would keep otherwise.
   *
   * @param line the earliest deadline first, not empty
   * @param slots how many runs the line is shared by
   */
  next(line: readonly Place[], slots: number, now: number): Place[] {
    const [first] = line
    const times = this.#times.get(first.header.model)
    if (first.kind === undefined || times === undefined) {
      return [first]
    }
    const alike = line.filter(({ kind }) => kind === first.kind)
    return alike.slice(0, batchSize(times, Math.ceil(alike.length / slots), this.#slack(line, now)))
  }

  ran({ header: { model } }: Place, rows: number, ms: number): void {
    const times = this.#times.get(model)
    const expected = times?.find(each => each.rows === rows)
    if (times !== undefined && expected !== undefined) {
      const change = ms / expected.ms - 1
      const learn = (each: RowsTime): RowsTime => {
        const weight = each.rows === rows ? NEWEST.same : NEWEST.other
        return { rows: each.rows, ms: each.ms * (1 + weight * change) }
      }
      this.#times.set(model, times.map(learn))
    }
  }

  /** How long a run of several may take. */
  #slack(line: readonly Place[], now: number): number {
    const [first] = line
    const alone = this.#alone(first)
    const others = line
      .filter(({ kind }) => kind !== first.kind)
      .map(place => place.header.deadline - now - this.#alone(place))
      // Who misses the deadline even if the first runs alone is no reason to hold the others up.
      .filter(left => left >= alone)
    return Math.min(first.header.deadline - now, ...others)
  }

  #alone({ header }: Place): number {
    return this.#times.get(header.model)?.[0].ms ?? 0
  }
}
