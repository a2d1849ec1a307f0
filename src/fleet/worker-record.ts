import type { AnswerTimesSnapshot } from './answer-times.ts'
import { Measured } from './measured.ts'
import { LAST_RESORT } from './roster.ts'

/** A worker with a larger share of wrong results than this is asked only when the others are too few. */
const TRUSTED_SHARE = 0.1
/** So many failures in a row, and a worker is left alone for a while, twice as long after each further one. */
const FAILURES_IN_A_ROW = 3
const FIRST_REST_MS = 500
const LONGEST_REST_MS = 60_000
/** Tasks given up that may still be answered; of the oldest beyond it nothing is expected any more. */
const MOST_GIVEN_UP = 8
/** A worker that owes results is doubted after a silence of so many times what it takes to answer. */
const SILENCE = 2
/** What one that is doubted costs more: it comes after all that are not, and in their order. */
const DOUBT = 1e6

/** A task that was given up, and after how long one of usual size would have been. */
export interface GivenUp {
  model: string
  bytes: number
  usual: number
}

/** What is known of a worker over all its models. */
export class WorkerRecord {
  readonly #measured = new Map<string, Measured>()
  /** Until when it is left alone; the end of it is its probation: one failure more, and it rests twice as long. */
  restsUntil = -Infinity
  /** It owes results, and has kept silent for too long. */
  doubted = false
  /** When it was last heard of, or was sent a task after it had none. */
  #silentSince = 0
  /** Of the tasks that it owes, how many times longer than one of usual size the longest takes. */
  #longest = 1
  /** Tasks that are waited for. */
  #waitedFor = 0
  #results = 0
  #wrong = 0
  #failuresInARow = 0
  /** Tasks that were given up and may still be answered, oldest first, and after how long each was. */
  readonly #givenUp: GivenUp[] = []

  /** Tasks sent and not known to have ended. */
  get outstanding(): number {
    return this.#waitedFor + this.#givenUp.length
  }

  /** Tasks given up since it was last heard of. */
  get unanswered(): number {
    return this.#givenUp.length
  }

  /** Of those that were given up of a model, the one whose answer comes next. */
  owed(model: string): GivenUp | undefined {
    return this.#givenUp.find(task => task.model === model)
  }

  measured(model: string): Readonly<Measured> | undefined {
    return this.#measured.get(model)
  }

  /** @param factor how many times longer than one of usual size the task takes */
  began(factor: number, now: number): void {
    if (this.outstanding === 0) {
      this.#silentSince = now
      this.#longest = 0
    }
    this.#longest = Math.max(this.#longest, factor)
    this.#waitedFor++
  }

  isCold(model: string, ms: number, now: number): boolean {
    return this.#measuredOf(model).isCold(ms, now)
  }

  answered(model: string, times: { ms: number; usual: number; network: number; now: number; late: boolean }): void {
    const { now, late } = times
    this.#measuredOf(model).answered(times)
    this.#results++
    this.#failuresInARow = 0
    if (late) {
      this.#takeGivenUp(model)
    } else {
      this.#ended()
      // It works: what was sent before and is not here by now was lost, or is slow.
      for (const task of this.#givenUp.splice(0)) this.#writeOff(task, now)
    }
    this.#heard(now)
  }

  /** A task that was given up ended without an answer. */
  dropped(model: string, now: number): void {
    const task = this.#takeGivenUp(model)
    if (task !== undefined) this.#writeOff(task, now)
    this.#heard(now)
  }

  /** A task was given up before it was answered; it may still be. */
  gaveUp(task: GivenUp, now: number): void {
    this.#ended()
    this.#givenUp.push(task)
    if (this.#givenUp.length > MOST_GIVEN_UP) {
      const oldest = this.#givenUp.shift()
      if (oldest !== undefined) this.#writeOff(oldest, now)
    }
  }

  failed(now: number): void {
    this.#ended()
    this.#heard(now)
    this.#failuresInARow++
    const beyond = this.#failuresInARow - FAILURES_IN_A_ROW
    if (beyond >= 0) this.restsUntil = now + Math.min(FIRST_REST_MS * 2 ** beyond, LONGEST_REST_MS)
  }

  wrong(): void {
    this.#wrong++
  }

  /** Its connection is new: nothing is owed over it. */
  joined(): void {
    this.#waitedFor = 0
    this.#givenUp.length = 0
    this.doubted = false
  }

  /** When its silence will have been too long, if it goes on; a mean time that is not measured is at most `most`. */
  doubtfulFrom(model: string, most: number): number {
    return this.outstanding === 0
      ? Infinity
      : this.#silentSince + SILENCE * this.#longest * (this.#measured.get(model)?.meanUpTo(most) ?? most)
  }

  /**
   * What a further task costs: the mean time to an answer, when nobody waits for longer than `most` ms, for each task that is
   * there already and this one.
   *
   * @returns `undefined` where no time of this model was measured
   */
  cost(model: string, most: number, now: number): number | undefined {
    if (this.restsUntil > now || this.#wrong > TRUSTED_SHARE * this.#results) return LAST_RESORT * 2
    const mean = this.#measured.get(model)?.meanUpTo(most)
    if (mean === undefined) return this.#givenUp.length > 0 ? LAST_RESORT / 2 : undefined
    return mean * (1 + this.outstanding) * (this.doubted ? DOUBT : 1)
  }

  snapshot(): Record<string, AnswerTimesSnapshot> {
    return Object.fromEntries([...this.#measured].map(([model, measured]) => [model, measured.snapshot()]))
  }

  restore(snapshot: Readonly<Record<string, AnswerTimesSnapshot>>, now: number): void {
    for (const [model, times] of Object.entries(snapshot)) this.#measuredOf(model).restore(times, now)
  }

  /** One task fewer is waited for. */
  #ended(): void {
    this.#waitedFor = Math.max(0, this.#waitedFor - 1)
  }

  #heard(now: number): void {
    this.#silentSince = now
    this.doubted = false
  }

  /** The oldest of a model: a worker takes its tasks in the order in which they came. */
  #takeGivenUp(model: string): GivenUp | undefined {
    const first = this.#givenUp.findIndex(task => task.model === model)
    return first < 0 ? undefined : this.#givenUp.splice(first, 1)[0]
  }

  #writeOff({ model, usual }: GivenUp, now: number): void {
    this.#measuredOf(model).unanswered(usual, now)
  }

  #measuredOf(model: string): Measured {
    const known = this.#measured.get(model)
    const measured = known ?? new Measured()
    if (known === undefined) this.#measured.set(model, measured)
    return measured
  }
}
