import type { Sliced } from '../src/codes/index.ts'
import type { Clock, Companion } from '../src/inference/index.ts'
import type { Model, ModelId } from '../src/models/index.ts'
import { OnlineStudent } from '../src/students/index.ts'
import { Tensor } from '../src/tensor/index.ts'
import { systemClock } from './clock.ts'
import { InvalidOptionError, ProfileMismatchError } from './errors.ts'
import { fedInTurn } from './student-companion.ts'

export interface LearningStudentInit {
  /** The model that tells queries by features, by its name or id: one of the peer's `companions`, such as `fitStudent` makes. */
  companion: string
  /** Its output with a row of features for each query. @default 'features' */
  output?: string
  /** Queries that are judged together, and then learned from. @default 200 */
  block?: number
  /** @default the process's monotonic clock */
  clock?: Clock
}

/** How much is computed before everything else has its turn, in multiply-adds: some 2 ms. */
const TURN = 4e6

/**
 * A student that a master fits while it serves, to what workers answer: nothing is calibrated, nothing asked that is not asked
 * anyway. It is given as `student` to every call for one output of one model, and keeps what it knows. See {@link OnlineStudent}.
 */
export class LearningStudent {
  readonly #companion: string
  readonly #output: string
  readonly #block: number | undefined
  readonly #clock: Clock
  /** What it learns to answer like. */
  #of: { model: ModelId; output: string } | undefined
  #online: OnlineStudent | undefined
  #working = false

  constructor({ companion, output = 'features', block, clock = systemClock }: LearningStudentInit) {
    this.#companion = companion
    this.#output = output
    this.#block = block
    this.#clock = clock
  }

  /** Are its answers taken at present? Not before it was judged, and not when it does not help. */
  get on(): boolean {
    return this.#online?.on ?? false
  }

  /** How often it named the model's class lately, of queries that it had not learned from. */
  get agreement(): number | undefined {
    return this.#online?.agreement
  }

  /**
   * The companion that a plan for this output of the model asks.
   *
   * @throws {ProfileMismatchError} it learns another model or output
   * @throws {InvalidOptionError} the peer has no such companion, or that has no such output, or several inputs
   */
  companionFor({
    model,
    output,
    companions
  }: {
    model: Model
    output: string
    companions: readonly Model[]
  }): Companion {
    const student = this.#modelAmong(companions)
    this.#of ??= { model: model.id, output }
    if (this.#of.model !== model.id || this.#of.output !== output) {
      throw new ProfileMismatchError(
        `this student learns ${this.#of.output} of the model ${this.#of.model.slice(0, 12)}, and asked for is ${output} of '${model.name}', ${model.id.slice(0, 12)}: take another one for it`
      )
    }
    return {
      model: student.id,
      output: this.#output,
      feed: fedInTurn(student),
      read: answer => this.#read(answer),
      believed: () => this.on,
      learn: (answer, own) => this.#learn(numbers(answer), numbers(own))
    }
  }

  #modelAmong(companions: readonly Model[]): Model {
    const student = companions.find(({ name, id }) => name === this.#companion || id === this.#companion)
    if (student === undefined) {
      const there = companions.map(({ name }) => name).join(', ')
      throw new InvalidOptionError(
        `the student '${this.#companion}' is to be among this peer's companions, which are: ${there || 'none'}`
      )
    }
    const outputs = student.signature.outputs.map(({ name }) => name)
    if (!outputs.includes(this.#output)) {
      throw new InvalidOptionError(
        `a student learns from an output '${this.#output}', and '${student.name}' has ${outputs.join(', ')}: take one that calibrate --student fitted`
      )
    }
    return student
  }

  #read(answer: Tensor): ReturnType<Companion['read']> {
    const answered = this.#online?.answer(numbers(answer))
    if (answered === undefined) {
      throw new TypeError('a student was asked to answer before it had learned')
    }
    const { logits, expected } = answered
    return { output: Tensor.float32(logits, [1, logits.length]), expected }
  }

  #learn(features: Float32Array, own: Float32Array): void {
    this.#online ??= new OnlineStudent({ features: features.length, classes: own.length, block: this.#block })
    this.#online.learn(features, own)
    this.#improve(this.#online)
  }

  /** Does what is due, a little at a time. */
  #improve(online: OnlineStudent): void {
    if (this.#working || !online.due) {
      return
    }
    this.#working = true
    const work = online.improve()
    const turn = (): void => {
      if (goOn(work)) {
        this.#clock.setTimer(this.#clock.now(), turn)
        return
      }
      this.#working = false
      this.#improve(online)
    }
    this.#clock.setTimer(this.#clock.now(), turn)
  }
}

/** Works for a turn; is there more to do? */
function goOn(work: Sliced<void>): boolean {
  for (let left = TURN; left > 0; ) {
    const step = work.next()
    if (step.done) {
      return false
    }
    left -= step.value
  }
  return true
}

function numbers({ data }: Tensor): Float32Array {
  return Float32Array.from(data, Number)
}
