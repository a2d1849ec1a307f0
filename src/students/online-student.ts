import { type Confidence, learningConfidence, readLogits, type Sliced } from '../codes/index.ts'
import { addingUp, LAMBDAS, noSums, type Readout, type RidgeSums, readOut, ridging } from './ridge.ts'

export interface OnlineStudentInit {
  /** Numbers that a query is told by. */
  features: number
  classes: number
  /** Served queries that are judged together, and then learned from. @default 200 */
  block?: number
  /** What all before counts for once a block more is learned from. @default 0.98: some fifty blocks are remembered */
  memory?: number
}

/** A served query. */
interface Served {
  features: Float32Array
  /** The deployed model's own logits. */
  own: Float32Array
}

/** What the student said of a query beside what the model did. */
interface Answered {
  said: Float32Array
  own: Float32Array
}

/** Blocks that may wait to be learned from; what is served beyond them is not learned from. */
const WAITING = 2
/** Answers that what it is worth is learned from, the latest: blocks. */
const JUDGED = 3
/** By so many standard errors fewer answers right than promised is no chance, and more than a constant's is none. */
const BROKEN = 3
const USEFUL = 2
/** What was learned counts for so much once it is found to be of other queries than those that come now. */
const OTHER_QUERIES = 0.02
/** It is fitted anew when so much of what it knows is new. */
const NEWS = 0.2

/**
 * A student that is fitted while it serves, from features of queries and the deployed model's own logits of them. Memory is
 * bounded, whatever is served.
 *
 * Queries come in blocks. A block is *held out* first: what the student as it is says of it chooses λ, and tells what the
 * student is worth. Then the block is added to the sums of the ridge regression, in which the past counts for less and less. It is
 * **on** as long as its answers are worth something: it names the model's class more often than whoever always names the most
 * frequent one does, and as often as it promised. A promise broken means that the queries have changed: it is off at once,
 * and what it knew is all but forgotten, so that it can learn the new ones.
 */
export class OnlineStudent {
  readonly #init: Required<OnlineStudentInit>
  readonly #sums: RidgeSums
  #waiting: Served[] = []
  /** By the place of their λ in {@link LAMBDAS}. */
  #readouts: ReadonlyMap<number, Readout> = new Map()
  #best = 0
  /** How often it was fitted. */
  #fits = 0
  /** The latest answers to queries that were not learned from yet. */
  #judged: readonly Answered[] = []
  #confidence: Confidence | undefined
  /** How many of the queries in the sums the readouts were fitted to. */
  #fitted = 0
  #agreement: number | undefined
  #on = false

  constructor({ features, classes, block = 200, memory = 0.98 }: OnlineStudentInit) {
    this.#init = { features, classes, block, memory }
    this.#sums = noSums(features, classes)
  }

  /** Is it worth being listened to? */
  get on(): boolean {
    return this.#on
  }

  /** How often it named the model's class in the last block, before it had learned from it. */
  get agreement(): number | undefined {
    return this.#agreement
  }

  /** Is there a block to {@link improve} by? */
  get due(): boolean {
    return this.#waiting.length >= this.#init.block
  }

  /** What it says of a query, on the scale of the model's logits; `undefined` as long as nothing is known of its worth. */
  answer(features: Float32Array): ReturnType<typeof readLogits> | undefined {
    const readout = this.#readouts.get(this.#best)
    return readout && this.#confidence && readLogits(this.#confidence, readOut(readout, features))
  }

  /** The deployed model answered this query. */
  learn(features: Float32Array, own: Float32Array): void {
    if (this.#waiting.length < WAITING * this.#init.block) {
      this.#waiting.push({ features: features.slice(), own: own.slice() })
    }
  }

  /** Judges the student on the block that is due, and learns from it. In slices; one at a time. */
  *improve(): Sliced<void> {
    const block = this.#waiting.splice(0, this.#init.block)
    if (this.#readouts.size > 0) {
      yield* this.#judge(block)
    }
    const rows = block.map(({ features, own }) => Float32Array.of(...features, 1, ...centred(own)))
    yield* addingUp(this.#sums, rows, this.#init.memory)
    this.#fitted *= this.#init.memory
    if (this.#count - this.#fitted >= NEWS * this.#count) {
      const readouts = new Map<number, Readout>()
      for (const at of this.#lambdas()) readouts.set(at, yield* ridging(this.#sums, LAMBDAS[at]))
      this.#readouts = readouts
      this.#fitted = this.#count
      this.#fits++
    }
  }

  /** Each λ at first; then the best so far, and the next larger or smaller one in turn: fitting is most of the work. */
  #lambdas(): number[] {
    if (this.#fits === 0) return [...LAMBDAS.keys()]
    const challenger = this.#best + (this.#fits % 2 === 0 ? 1 : -1)
    return challenger in LAMBDAS ? [this.#best, challenger] : [this.#best]
  }

  /** Queries in the sums, those of the past for what they count. */
  get #count(): number {
    const { features, targets, matrix } = this.#sums
    return matrix[features * (features + 1 + targets) + features]
  }

  *#judge(block: readonly Served[]): Sliced<void> {
    let least = Infinity
    let judged: Answered[] = []
    for (const [at, readout] of this.#readouts) {
      const answered: Answered[] = []
      for (const { features, own } of block) {
        answered.push({ said: readOut(readout, features), own })
        yield readout.weights.length
      }
      const error = answered.reduce((sum, { said, own }) => sum + apart(said, centred(own)), 0)
      if (error < least) [least, judged, this.#best] = [error, answered, at]
    }
    const agreement = mean(judged.map(({ said, own }) => Number(argmax(said) === argmax(own))))
    const promised = this.#promised(judged)
    const broken = promised !== undefined && agreement < promised - BROKEN * deviation(promised, block.length)
    if (broken) this.#forget()
    const useful = agreement - USEFUL * deviation(agreement, block.length) > mostFrequent(judged)
    this.#on = promised !== undefined && useful && !broken
    this.#agreement = agreement
    this.#judged = [...this.#judged, ...judged].slice(-JUDGED * this.#init.block)
    this.#confidence = yield* learningConfidence(
      this.#judged.map(({ said }) => said),
      this.#judged.map(({ own }) => own)
    )
  }

  /** The agreement that it promised, on the mean. */
  #promised(answers: readonly Answered[]): number | undefined {
    const confidence = this.#confidence
    return confidence && mean(answers.map(({ said }) => readLogits(confidence, said).expected.agreement ?? 0))
  }

  #forget(): void {
    const { matrix } = this.#sums
    for (let i = 0; i < matrix.length; i++) matrix[i] *= OTHER_QUERIES
    this.#fitted *= OTHER_QUERIES
    this.#judged = []
  }
}

/** Of the share of successes among so many. */
function deviation(share: number, count: number): number {
  return Math.sqrt((share * (1 - share)) / count)
}

/** The share of the class that the model names most often. */
function mostFrequent(answers: readonly Answered[]): number {
  const counts = new Map<number, number>()
  for (const named of answers.map(({ own }) => argmax(own))) counts.set(named, (counts.get(named) ?? 0) + 1)
  return Math.max(...counts.values()) / answers.length
}

/** Without their mean, which says nothing of the class. */
function centred(logits: Float32Array): Float32Array {
  const centre = mean(logits)
  return logits.map(logit => logit - centre)
}

function mean(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]
  return sum / values.length
}

function apart(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0)
}

function argmax(values: Float32Array): number {
  return values.indexOf(Math.max(...values))
}
