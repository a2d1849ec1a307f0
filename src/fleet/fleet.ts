/** Who runs a task: the peer id of a worker as a string. */
export type WorkerId = string

/** Weight of the newest measurement in the moving average of a worker's answer time. */
const SMOOTHING = 0.3

/** Answer times that are kept of a worker for each model, the newest. */
const RECENT = 64

/** A worker with a larger share of wrong results than this is asked only when the others are too few. */
const TRUSTED_SHARE = 0.1

interface Worker {
  models: ReadonlySet<string>
  /** Tasks sent and not known to have ended. */
  outstanding: number
  /** Moving average of the time from sending a task to its result, in ms, by model; absent until measured. */
  answerMs: Map<string, number>
  /** The newest answer times in ms by model, oldest first. */
  recentMs: Map<string, number[]>
  results: number
  wrong: number
}

/** The workers a master knows and can reach, with what it measured of them. */
export class Fleet {
  readonly #workers = new Map<WorkerId, Worker>()

  /** A worker was reached and its models are confirmed. Measurements survive a second call. */
  add(worker: WorkerId, models: Iterable<string>): void {
    const known = this.#workers.get(worker)
    const unknown = { answerMs: new Map(), recentMs: new Map(), results: 0, wrong: 0 }
    this.#workers.set(worker, { ...(known ?? unknown), models: new Set(models), outstanding: 0 })
  }

  /** A worker is gone. */
  remove(worker: WorkerId): void {
    this.#workers.delete(worker)
  }

  /** A task left for a worker. */
  began(worker: WorkerId): void {
    const known = this.#workers.get(worker)
    if (known !== undefined) {
      known.outstanding++
    }
  }

  /** A task ended at a worker, also when its result came too late to be used; `answerMs` if it gave one. */
  ended(worker: WorkerId, model: string, answerMs?: number): void {
    const known = this.#workers.get(worker)
    if (known === undefined) {
      return
    }
    known.outstanding = Math.max(0, known.outstanding - 1)
    if (answerMs !== undefined) {
      const before = known.answerMs.get(model) ?? answerMs
      known.answerMs.set(model, before + SMOOTHING * (answerMs - before))
      const recent = known.recentMs.get(model) ?? []
      known.recentMs.set(model, recent)
      recent.push(answerMs)
      if (recent.length > RECENT) {
        recent.shift()
      }
      known.results++
    }
  }

  /** The results of others contradicted one of this worker. */
  wrong(worker: WorkerId): void {
    const known = this.#workers.get(worker)
    if (known !== undefined) {
      known.wrong++
    }
  }

  /** The moving average of a worker's answer time in ms; `undefined` until measured. */
  answerMs(worker: WorkerId, model: string): number | undefined {
    return this.#workers.get(worker)?.answerMs.get(model)
  }

  /**
   * The time in ms within which a worker gave this share of its newest answers; where it is not measured, the workers that
   * are, taken together. `undefined` where none is.
   */
  answersWithin(worker: WorkerId, model: string, share: number): number | undefined {
    const own = this.#workers.get(worker)?.recentMs.get(model)
    const times = own ?? [...this.#workers.values()].flatMap(({ recentMs }) => recentMs.get(model) ?? [])
    return times.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(share * times.length) - 1)]
  }

  /**
   * The workers that serve a model, best first: by the time a further task would take there, which is the tracked
   * answer time of the worker times one more than its outstanding tasks. Workers without a measurement come first, so
   * that each gets one; ties keep the order of joining. Those whose results were often wrong come after all others.
   */
  rank(model: string): WorkerId[] {
    const distrusted = ({ wrong, results }: Worker): number => Number(wrong > TRUSTED_SHARE * results)
    const expected = (worker: Worker): number => (worker.answerMs.get(model) ?? 0) * (1 + worker.outstanding)
    return [...this.#workers]
      .filter(([, worker]) => worker.models.has(model))
      .map(([id, worker]) => {
        return { id, distrusted: distrusted(worker), expected: expected(worker), outstanding: worker.outstanding }
      })
      .sort((a, b) => a.distrusted - b.distrusted || a.expected - b.expected || a.outstanding - b.outstanding)
      .map(({ id }) => id)
  }
}
