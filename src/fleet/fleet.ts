/** Who runs a task: the peer id of a worker as a string. */
export type WorkerId = string

/** Weight of the newest measurement in the moving average of a worker's answer time. */
const SMOOTHING = 0.3

interface Worker {
  models: ReadonlySet<string>
  /** Tasks sent and not known to have ended. */
  outstanding: number
  /** Moving average of the time from sending a task to its result, in ms, by model; absent until measured. */
  answerMs: Map<string, number>
}

/** The workers a master knows and can reach, with what it measured of them. */
export class Fleet {
  readonly #workers = new Map<WorkerId, Worker>()

  /** A worker was reached and its models are confirmed. Measurements survive a second call. */
  add(worker: WorkerId, models: Iterable<string>): void {
    const known = this.#workers.get(worker)
    this.#workers.set(worker, {
      models: new Set(models),
      outstanding: 0,
      answerMs: known?.answerMs ?? new Map()
    })
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
    }
  }

  /** The moving average of a worker's answer time in ms; `undefined` until measured. */
  answerMs(worker: WorkerId, model: string): number | undefined {
    return this.#workers.get(worker)?.answerMs.get(model)
  }

  /**
   * The workers that serve a model, best first: by the time a further task would take there, which is the tracked
   * answer time of the worker times one more than its outstanding tasks. Workers without a measurement come first, so
   * that each gets one; ties keep the order of joining.
   */
  rank(model: string): WorkerId[] {
    const expected = (worker: Worker): number => (worker.answerMs.get(model) ?? 0) * (1 + worker.outstanding)
    return [...this.#workers]
      .filter(([, worker]) => worker.models.has(model))
      .map(([id, worker]) => ({ id, expected: expected(worker), outstanding: worker.outstanding }))
      .sort((a, b) => a.expected - b.expected || a.outstanding - b.outstanding)
      .map(({ id }) => id)
  }
}
