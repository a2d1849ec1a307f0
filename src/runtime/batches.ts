import type { ModelId } from '../models/index.ts'
import type { TaskHeader } from './admission.ts'
import { batchSize } from './batch-size.ts'
import type { BatchTimes, RowsTime } from './batch-times.ts'
import type { Place } from './place.ts'

/** The weight of the newest run in the pace of its model. */
const NEWEST = 0.2

/** Says which of the tasks that wait share the next run. */
export class Batches {
  readonly #times: BatchTimes
  /** By model, how long runs take now beside when they were measured: other load and heat slow all sizes alike. */
  readonly #paces = new Map<ModelId, number>()

  constructor(times: BatchTimes) {
    this.#times = times
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
    const within = this.#slack(line, times, now) / this.#pace(first)
    return alike.slice(0, batchSize(times, Math.ceil(alike.length / slots), within))
  }

  ran({ header: { model } }: Place, rows: number, ms: number): void {
    const measured = this.#times.get(model)?.find(each => each.rows === rows)
    if (measured !== undefined) {
      const pace = this.#paces.get(model) ?? 1
      this.#paces.set(model, pace + NEWEST * (ms / measured.ms - pace))
    }
  }

  #slack(line: readonly Place[], times: readonly RowsTime[], now: number): number {
    const [first] = line
    const alone = times[0].ms * this.#pace(first)
    const others = line
      .filter(({ kind }) => kind !== first.kind)
      .map(place => place.header.deadline - now - this.#alone(place))
      // Who misses the deadline even if the first runs alone is no reason to hold the others up.
      .filter(left => left >= alone)
    return Math.min(first.header.deadline - now, ...others)
  }

  #alone(place: Place): number {
    return (this.#times.get(place.header.model)?.[0].ms ?? 0) * this.#pace(place)
  }

  #pace({ header }: Place): number {
    return this.#paces.get(header.model) ?? 1
  }
}
