import type { NamedTensors } from '../models/index.ts'
import type { TaskHeader, TaskOutcome } from './admission.ts'
import type { RunRequest } from './executor.ts'

/** What the queue holds of one task, from its header to its end. */
export class Place {
  readonly header: TaskHeader
  /** Bytes of its inputs. */
  readonly bytes: number
  readonly outcome = Promise.withResolvers<TaskOutcome>()
  state: 'reserved' | 'waiting' | 'running' | 'ended' = 'reserved'
  inputs: NamedTensors = {}
  early: RunRequest['early']
  queuedAt = 0
  queueMs = 0
  cancelled = false
  /** Tasks of one kind may share a run; without one it runs alone. */
  kind: string | undefined

  constructor(header: TaskHeader, bytes: number, kind: string | undefined) {
    this.header = header
    this.bytes = bytes
    this.kind = kind
    // A ticket may end before anybody asked for its outcome; that is no unhandled rejection.
    this.outcome.promise.catch(() => {})
  }
}

/** The places that wait, the earliest deadline first; of equal ones, who came first. */
export class WaitingLine {
  readonly #places: Place[] = []

  get places(): readonly Place[] {
    return this.#places
  }

  add(place: Place): void {
    const before = this.#places.findLastIndex(({ header }) => header.deadline <= place.header.deadline)
    this.#places.splice(before + 1, 0, place)
  }

  delete(place: Place): void {
    const index = this.#places.indexOf(place)
    if (index >= 0) {
      this.#places.splice(index, 1)
    }
  }
}
