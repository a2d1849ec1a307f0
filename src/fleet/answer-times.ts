import { LogCollapsingLowestDenseDDSketch } from '@datadog/sketches-js'

/** Of a time that is asked for, and so of a bin: 56 of them reach from four milliseconds to half a minute. */
const RELATIVE_ACCURACY = 0.08
const BINS = 56
const SHORTEST_MS = 1e-3
/** A time counts half after so many newer ones, or after so long. */
const HALF_COUNT = 12
const HALF_LIFE_MS = 30_000
/** Newer times weigh more, by powers of two; past this one all weights are scaled back, and what then weighs nothing is dropped. */
const LARGEST_EXPONENT = 64
const NOTHING = 2 ** -30
/**
 * How far times are off the usual one in sum, on a scale of logarithms, until the worker has changed: what is let pass of each, the
 * most that one counts, and the sum. It takes three in a row: one alone may be anything.
 */
const LET_PASS = Math.log(1.5)
const MOST_OF_ONE = 1.2
const CHANGED = 2.5
/** What was known of a worker that has changed counts so many halvings less. */
const HALVINGS_OF_CHANGE = 8

/** The bins that were looked at last. One place for all: they are looked at for every task, and nobody keeps them. */
const TIMES = new Float64Array(BINS)
const ANSWERED = new Float64Array(BINS)

type Sketch = InstanceType<typeof LogCollapsingLowestDenseDDSketch>

/** Weights by bin, ascending; the newest time would weigh 1. */
export interface AnswerTimesSnapshot {
  answered: Array<[ms: number, weight: number]>
  unanswered: Array<[ms: number, weight: number]>
}

/**
 * How long a worker takes to answer: a decayed distribution in constant memory, in ms. Tasks given up count too: all that is
 * known of them is that they took longer than that (right-censored observations), and to leave them out would make a worker
 * look the faster the more often it is not waited for.
 *
 * Source: the sketch is DDSketch (Masson, Rim and Lee, 2019) with weights by forward decay (Cormode and others, 2009); the
 * estimate is Kaplan's and Meier's product, 1958, bin by bin; a change is noticed by Page's cumulative sums, 1954.
 */
export class AnswerTimes {
  #answered = sketch()
  #unanswered = sketch()
  /** log2 of the weight of the newest time. */
  #exponent = 0
  #newestAt: number | undefined
  /** Mean logarithm of the times, and the sums of what times are above and below it (CUSUM). */
  #usual: number | undefined
  #above = 0
  #below = 0

  /** A task was answered. */
  answered(ms: number, now: number): void {
    this.#noticeChange(Math.log(Math.max(ms, SHORTEST_MS)))
    this.#answered.accept(ms, this.#nextWeight(now))
  }

  /** A task was given up after so long without an answer. */
  unanswered(ms: number, now: number): void {
    this.#unanswered.accept(ms, this.#nextWeight(now))
  }

  /** The probability of an answer within `ms`; 0 without an observation. */
  within(ms: number): number {
    const bins = this.#survival()
    let probability = 0
    for (let bin = 0; bin < bins && TIMES[bin] <= ms * (1 + RELATIVE_ACCURACY); bin++) probability = ANSWERED[bin]
    return probability
  }

  /** The time within which a share of tasks is answered; ∞ where so many never were. */
  quantile(share: number): number {
    const bins = this.#survival()
    for (let bin = 0; bin < bins; bin++) {
      if (ANSWERED[bin] >= share - 1e-9) return TIMES[bin]
    }
    return Infinity
  }

  /** The mean of min(time, most): what waiting costs when nobody waits for longer than `most` ms. */
  meanUpTo(most: number): number {
    const bins = this.#survival()
    let mean = 0
    let from = 0
    let waiting = 1
    for (let bin = 0; bin < bins; bin++) {
      const to = Math.min(TIMES[bin], most)
      mean += waiting * (to - from)
      from = to
      waiting = 1 - ANSWERED[bin]
    }
    return mean + waiting * (most - from)
  }

  snapshot(): AnswerTimesSnapshot {
    const scale = 2 ** -this.#exponent
    return { answered: weightsOf(this.#answered, scale), unanswered: weightsOf(this.#unanswered, scale) }
  }

  /** What was known before counts as if its newest time were just now: another process has another clock. */
  restore({ answered, unanswered }: AnswerTimesSnapshot, now: number): void {
    this.#answered = sketch(answered)
    this.#unanswered = sketch(unanswered)
    this.#exponent = 0
    this.#newestAt = now
  }

  /** Writes for each bin with answers, ascending, the probability of an answer up to there; says how many there are. */
  #survival(): number {
    let bins = 0
    const { store, mapping } = this.#answered
    const given = this.#unanswered.store
    let atRisk = this.#answered.count + this.#unanswered.count
    let waiting = 1
    let next = given.minKey
    for (let key = store.minKey; key <= store.maxKey; key++) {
      const weight = store.bins[key - store.offset]
      if (weight === 0) continue
      // Who was given up before is not at risk; who was given up in the same bin still is.
      for (; next < key && next <= given.maxKey; next++) atRisk -= given.bins[next - given.offset]
      waiting *= Math.max(0, 1 - weight / atRisk)
      atRisk -= weight
      TIMES[bins] = mapping.value(key)
      ANSWERED[bins] = 1 - waiting
      bins++
    }
    return bins
  }

  /** A worker that became fast or slow is known by its newest times alone, after three of them. */
  #noticeChange(time: number): void {
    const usual = this.#usual ?? time
    this.#usual = usual + (time - usual) / HALF_COUNT
    this.#above = Math.max(0, this.#above + Math.min(time - usual - LET_PASS, MOST_OF_ONE))
    this.#below = Math.max(0, this.#below + Math.min(usual - time - LET_PASS, MOST_OF_ONE))
    if (Math.max(this.#above, this.#below) > CHANGED) {
      this.#exponent += HALVINGS_OF_CHANGE
      // The newest is as likely an extreme as it is the new usual one.
      this.#usual = (usual + time) / 2
      this.#above = 0
      this.#below = 0
    }
  }

  #nextWeight(now: number): number {
    this.#exponent +=
      1 / HALF_COUNT + (this.#newestAt === undefined ? 0 : Math.max(0, now - this.#newestAt) / HALF_LIFE_MS)
    this.#newestAt = now
    if (this.#exponent > LARGEST_EXPONENT) {
      const { answered, unanswered } = this.snapshot()
      this.restore({ answered: heavy(answered), unanswered: heavy(unanswered) }, now)
    }
    return 2 ** this.#exponent
  }
}

function heavy(weights: Array<[number, number]>): Array<[number, number]> {
  return weights.filter(([, weight]) => weight > NOTHING)
}

function sketch(weights: Array<[number, number]> = []): Sketch {
  const made = new LogCollapsingLowestDenseDDSketch({ relativeAccuracy: RELATIVE_ACCURACY, binLimit: BINS })
  for (const [ms, weight] of weights) made.accept(ms, weight)
  return made
}

/** The bins that hold something, ascending, and their weights times `scale`. */
function weightsOf({ store, mapping }: Sketch, scale: number): Array<[ms: number, weight: number]> {
  const held: Array<[number, number]> = []
  for (let key = store.minKey; key <= store.maxKey; key++) {
    const weight = store.bins[key - store.offset]
    if (weight > 0) held.push([mapping.value(key), weight * scale])
  }
  return held
}
