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
/** Weight of the newest in the mean of a size. */
const NEWEST = 0.1

/**
 * The answer times of one model, of all workers together, and what follows from them; that is looked at again now and then. Tasks
 * whose inputs are twice as large are of another size; all times are kept as they would be of the usual size, that of the first task.
 */
export class Pooled {
  readonly times = new AnswerTimes()
  /** Moving averages of the logarithm of times in ms by size: a few dozen at most. The usual size is the first. */
  readonly #sizes = new Map<number, number>()
  #answers = 0
  /** Within which half of the tasks are answered. */
  usualMs = 0
  /** For how long anybody waits. */
  patienceMs = LONGEST_PATIENCE_MS
  /** By when an answer can be expected where nobody says; `undefined` while too few are known. */
  deadlineMs: number | undefined

  /** A task with inputs of so many bytes was answered. */
  answered(ms: number, bytes: number, now: number): void {
    const size = sizeOf(bytes)
    const newest = Math.log(Math.max(ms, Number.MIN_VALUE))
    const before = this.#sizes.get(size) ?? newest
    this.#sizes.set(size, before + NEWEST * (newest - before))
    this.times.answered(ms / this.factor(bytes), now)
    if (this.#answers++ % ANSWERS_BETWEEN_LOOKS === 0) {
      this.usualMs = this.times.quantile(0.5)
      this.patienceMs = Math.min(PATIENCE * this.times.quantile(0.9), LONGEST_PATIENCE_MS)
      if (this.#answers > ANSWERS_BETWEEN_LOOKS) this.deadlineMs = this.#deadline()
    }
  }

  /** How many times longer than one of the usual size a task with inputs of so many bytes takes; 1 where that is not known. */
  factor(bytes: number): number {
    // Most models have tasks of one size, and this is asked several times for each.
    if (this.#sizes.size < 2) return 1
    const [usual] = this.#sizes.values()
    return Math.exp((this.#sizes.get(sizeOf(bytes)) ?? usual) - usual)
  }

  #deadline(): number {
    const longest = Math.max(...this.#sizes.values()) - [...this.#sizes.values()][0]
    const deadline = Math.ceil(GENEROUS * Math.exp(longest) * this.times.quantile(0.99))
    return Math.min(Math.max(deadline, SHORTEST_DEADLINE_MS), LONGEST_PATIENCE_MS)
  }
}

/** How many binary digits the number of bytes has. */
function sizeOf(bytes: number): number {
  return 32 - Math.clz32(bytes)
}
