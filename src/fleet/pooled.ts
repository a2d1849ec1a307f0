import { AnswerTimes } from './answer-times.ts'

/** Nobody waits longer than so many times what nine tasks in ten take: by how much an answer comes later counts no more. */
const PATIENCE = 4
/** As long as nothing says what is usual, or nine in ten are never answered. */
export const LONGEST_PATIENCE_MS = 60_000
/** A deadline that nobody chose is so many times what 99 tasks in 100 take. */
const GENEROUS = 10
const SHORTEST_DEADLINE_MS = 250
/** The pooled times change slowly. */
const ANSWERS_BETWEEN_LOOKS = 32

/** The answer times of one model, of all workers together, and what follows from them; that is looked at again now and then. */
export class Pooled {
  readonly times = new AnswerTimes()
  #answers = 0
  /** Within which half of the tasks are answered. */
  usualMs = 0
  /** For how long anybody waits. */
  patienceMs = LONGEST_PATIENCE_MS
  /** By when an answer can be expected where nobody says; `undefined` while too few are known. */
  deadlineMs: number | undefined

  answered(ms: number, now: number): void {
    this.times.answered(ms, now)
    if (this.#answers++ % ANSWERS_BETWEEN_LOOKS === 0) {
      this.usualMs = this.times.quantile(0.5)
      this.patienceMs = Math.min(PATIENCE * this.times.quantile(0.9), LONGEST_PATIENCE_MS)
      if (this.#answers > ANSWERS_BETWEEN_LOOKS) this.deadlineMs = this.#deadline()
    }
  }

  #deadline(): number {
    const deadline = Math.ceil(GENEROUS * this.times.quantile(0.99))
    return Math.min(Math.max(deadline, SHORTEST_DEADLINE_MS), LONGEST_PATIENCE_MS)
  }
}
