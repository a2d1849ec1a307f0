import type { AnswerTimesSnapshot } from './answer-times.ts'
import { LONGEST_PATIENCE_MS, Pooled } from './pooled.ts'
import { type Choice, Roster } from './roster.ts'
import { Silences } from './silences.ts'
import type { Times, Timings } from './times.ts'
import { WorkerRecord } from './worker-record.ts'

/** Who runs a task: the peer id of a worker as a string. */
export type WorkerId = string

/** A worker is left alone twice as long for each task that it left unanswered, up to so often. */
const MOST_DOUBLINGS = 4
/** Workers that left and are still known, the newest: they may come back. */
const MOST_ABSENT = 1000

interface Worker {
  models: readonly string[]
  domain: string | undefined
  record: WorkerRecord
}

/** What is kept of a fleet from one process to the next: answer times by worker and model. */
export type FleetSnapshot = Record<WorkerId, Record<string, AnswerTimesSnapshot>>

/**
 * The workers a master knows and can reach, with what it measured of them. `now` is its caller's clock in ms, which never goes
 * back; `bytes` are those of a task's inputs: what is larger takes longer. Where nobody says them, it is of the usual size.
 */
export class Fleet {
  readonly #workers = new Map<WorkerId, Worker>()
  readonly #absent = new Map<WorkerId, WorkerRecord>()
  /** Who serves each model. */
  readonly #rosters = new Map<string, Roster>()
  readonly #pooled = new Map<string, Pooled>()
  /** Workers that are left alone for a while. */
  readonly #resting = new Set<WorkerId>()
  readonly #silences = new Silences()
  /** The newest time that it was told. */
  #now = 0

  /**
   * A worker was reached and its models are confirmed. Measurements survive a second call, and {@link remove}.
   *
   * @param domain what fails together with others of the same name: a host, a subnet, a power line
   */
  add(worker: WorkerId, models: Iterable<string>, { domain }: { domain?: string } = {}): void {
    this.remove(worker)
    const record = this.#absent.get(worker) ?? new WorkerRecord()
    this.#absent.delete(worker)
    record.joined()
    const served = [...new Set(models)]
    this.#workers.set(worker, { models: served, domain, record })
    for (const model of served) {
      this.#rosterOf(model).add(worker, domain)
      this.#price(worker, model)
    }
  }

  /** A worker's models stand for one more, such as several variants together. */
  addModel(worker: WorkerId, model: string): void {
    const known = this.#workers.get(worker)
    if (known !== undefined && !known.models.includes(model)) {
      known.models = [...known.models, model]
      this.#rosterOf(model).add(worker, known.domain)
      this.#price(worker, model)
    }
  }

  /** A worker is gone. */
  remove(worker: WorkerId): void {
    const known = this.#workers.get(worker)
    if (known === undefined) return
    for (const model of known.models) this.#rosterOf(model).remove(worker)
    this.#workers.delete(worker)
    this.#resting.delete(worker)
    this.#keep(worker, known.record)
  }

  /** A task left for a worker. */
  began(worker: WorkerId, model: string, now: number, bytes = 0): void {
    this.#learn(worker, now, ({ record }) => {
      record.began(this.#factor(model, bytes), now)
      this.#rosterOf(model).ask(worker, now)
    })
    this.#listen(worker, model)
  }

  /** A worker answered a task; `late` when the task had been given up: how large it was is known then. */
  answered(
    worker: WorkerId,
    model: string,
    { queue, run, network }: Timings,
    { now, late = false, bytes = 0 }: { now: number; late?: boolean; bytes?: number }
  ): void {
    const ms = queue + run + network
    this.#learn(worker, now, ({ record }) => {
      const size = (late ? record.owed(model)?.bytes : undefined) ?? bytes
      if (!record.isCold(model, ms, now)) this.#pool(model, ms, size, now)
      record.answered(model, { ms, usual: ms / this.#factor(model, size), network, now, late })
    })
  }

  /** A task failed at a worker. */
  failed(worker: WorkerId, now: number): void {
    this.#learn(worker, now, ({ record }) => record.failed(now))
  }

  /** A task of a worker is waited for no longer, after so many ms. It may still be answered, or dropped. */
  gaveUp(worker: WorkerId, model: string, afterMs: number, { now, bytes = 0 }: { now: number; bytes?: number }): void {
    this.#learn(worker, now, ({ record }) =>
      record.gaveUp({ model, bytes, usual: afterMs / this.#factor(model, bytes) }, now)
    )
  }

  /** A worker let go of a task that had been given up. */
  dropped(worker: WorkerId, model: string, now: number): void {
    this.#learn(worker, now, ({ record }) => record.dropped(model, now))
  }

  /** The results of others contradicted one of this worker. */
  wrong(worker: WorkerId): void {
    this.#learn(worker, this.#now, ({ record }) => record.wrong())
  }

  /** Half of its tasks of a model, and 99 of 100, a worker answers within so many ms; `undefined` until it is measured. */
  times(worker: WorkerId, model: string): Times | undefined {
    const record = this.#workers.get(worker)?.record
    const { times, networkMs, coldMs } = record?.measured(model) ?? {}
    return times && { p50: times.quantile(0.5), p99: times.quantile(0.99), network: networkMs, cold: coldMs }
  }

  /**
   * The time in ms within which a worker answers this share of its tasks; where it is not measured, all workers taken
   * together. `undefined` where none is, or where so many are never answered.
   */
  answersWithin(worker: WorkerId, model: string, share: number, bytes = 0): number | undefined {
    const times = this.#workers.get(worker)?.record.measured(model)?.times ?? this.#pooled.get(model)?.times
    const ms = times?.quantile(share)
    return ms === undefined || ms === Infinity ? undefined : ms * this.#factor(model, bytes)
  }

  /** The probability that a worker that is idle answers a task within `ms`; that of all workers together where it is not measured. */
  within(worker: WorkerId, model: string, ms: number, bytes = 0): number | undefined {
    const usual = ms / this.#factor(model, bytes)
    return (this.#workers.get(worker)?.record.measured(model)?.times ?? this.#pooled.get(model)?.times)?.within(usual)
  }

  /** Within how many ms half of the tasks of a model are answered, by all workers together; `undefined` where none was yet. */
  usualTime(model: string, bytes = 0): number | undefined {
    const usual = this.#pooled.get(model)?.usualMs
    return usual && usual * this.#factor(model, bytes)
  }

  /** A deadline in ms by which an answer can be expected; `undefined` while too few tasks of a model were answered. */
  usualDeadline(model: string): number | undefined {
    return this.#pooled.get(model)?.deadlineMs
  }

  /** The probability that a worker answers all that it was sent within `ms`; 0 where nothing is measured. */
  inTime(worker: WorkerId, model: string, ms: number, bytes = 0): number {
    const { record } = this.#workers.get(worker) ?? {}
    return record === undefined ? 0 : (this.within(worker, model, ms / Math.max(1, record.outstanding), bytes) ?? 0)
  }

  /** Has it nothing to do, and can it be expected to do something? */
  isIdle(worker: WorkerId): boolean {
    const { record } = this.#workers.get(worker) ?? {}
    return record !== undefined && record.outstanding === 0
  }

  /**
   * The probability that an idle worker takes longer than `ms`, the mean over those that serve a model; `undefined` where no
   * answer of any is measured.
   */
  late(model: string, ms: number): number | undefined {
    const serving = [...this.#workers].filter(([, { models }]) => models.includes(model))
    const inTime = serving.flatMap(([worker]) => this.within(worker, model, ms) ?? [])
    return inTime.length === 0 ? undefined : 1 - inTime.reduce((sum, share) => sum + share, 0) / inTime.length
  }

  /** How many workers serve a model. */
  count(model: string): number {
    return this.#rosters.get(model)?.size ?? 0
  }

  /**
   * Workers that serve a model, best first: by the mean time to the answer of a further task, after those that are there
   * already; who owes results and keeps silent, fails, or is often wrong comes later. See {@link Roster.choose}.
   */
  choose(model: string, choice: Choice, now: number): WorkerId[] {
    for (const worker of this.#resting) {
      this.#learn(worker, now, () => {})
    }
    this.#doubt(now)
    return this.#rosters.get(model)?.choose(choice) ?? []
  }

  /**
   * A worker to be sent a copy of one of so many `tasks` that went to some that were `chosen`, to see what became of it; mostly there is
   * none. See {@link Roster.tryOut}.
   */
  tryOut(
    model: string,
    { chosen, tasks }: { chosen: readonly WorkerId[]; tasks: number },
    now: number
  ): WorkerId | undefined {
    const patience = (worker: WorkerId): number =>
      2 ** Math.min(this.#workers.get(worker)?.record.unanswered ?? 0, MOST_DOUBLINGS)
    return this.#rosters.get(model)?.tryOut(chosen, tasks, { now, patience })
  }

  snapshot(): FleetSnapshot {
    const records = [...this.#absent, ...[...this.#workers].map(([id, { record }]) => [id, record] as const)]
    return Object.fromEntries(records.map(([id, record]) => [id, record.snapshot()]))
  }

  /** Takes in what an earlier process knew, of workers that are not here yet. */
  restore(snapshot: FleetSnapshot, now: number): void {
    for (const [worker, times] of Object.entries(snapshot)) {
      if (!this.#workers.has(worker)) {
        const record = new WorkerRecord()
        record.restore(times, now)
        this.#keep(worker, record)
      }
    }
  }

  /** Takes in what became known of a worker, and what it costs from now on. */
  #learn(worker: WorkerId, now: number, take: (worker: Worker) => void): void {
    this.#now = now
    const known = this.#workers.get(worker)
    if (known === undefined) return
    take(known)
    if (known.record.restsUntil > now) this.#resting.add(worker)
    else this.#resting.delete(worker)
    for (const model of known.models) this.#price(worker, model)
  }

  /** Looks at a worker again when its silence will have been too long. */
  #listen(worker: WorkerId, model: string): void {
    const record = this.#workers.get(worker)?.record
    if (record !== undefined) {
      this.#silences.add({ worker, model, at: record.doubtfulFrom(model, this.#patience(model)) })
    }
  }

  /** Doubts those whose silence has been too long. */
  #doubt(now: number): void {
    for (let next = this.#silences.take(now); next !== undefined; next = this.#silences.take(now)) {
      const { worker, model } = next
      const at = this.#workers.get(worker)?.record.doubtfulFrom(model, this.#patience(model)) ?? Infinity
      if (at <= now) {
        this.#learn(worker, now, ({ record }) => {
          record.doubted = true
        })
      } else if (at < Infinity) {
        this.#listen(worker, model)
      }
    }
  }

  #patience(model: string): number {
    return this.#pooled.get(model)?.patienceMs ?? LONGEST_PATIENCE_MS
  }

  #factor(model: string, bytes: number): number {
    return this.#pooled.get(model)?.factor(bytes) ?? 1
  }

  #price(worker: WorkerId, model: string): void {
    const cost = this.#workers.get(worker)?.record.cost(model, this.#patience(model), this.#now)
    if (cost !== undefined) this.#rosterOf(model).setCost(worker, cost)
  }

  #keep(worker: WorkerId, record: WorkerRecord): void {
    this.#absent.set(worker, record)
    if (this.#absent.size > MOST_ABSENT) {
      const [oldest] = this.#absent.keys()
      this.#absent.delete(oldest)
    }
  }

  #rosterOf(model: string): Roster {
    const roster = this.#rosters.get(model) ?? new Roster()
    this.#rosters.set(model, roster)
    return roster
  }

  #pool(model: string, ms: number, bytes: number, now: number): void {
    const pooled = this.#pooled.get(model) ?? new Pooled()
    this.#pooled.set(model, pooled)
    pooled.answered(ms, bytes, now)
  }
}
