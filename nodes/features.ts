import { softmax } from '../src/codes/index.ts'
import { headersOf, type Model, type NamedTensors } from '../src/models/index.ts'
import type { Admission } from '../src/runtime/index.ts'
import { stack } from '../src/tensor/index.ts'
import { InvalidOptionError } from './errors.ts'
import { servedModel } from './served-model.ts'

/**
 * What makes queries alike: a function of a query; or the name of one of this peer's companions, a small model, whose output it
 * is, and the softmax of it where it is called `logits`.
 */
export type FeaturesChoice = string | ((query: NamedTensors) => Float32Array)

export interface FeaturesInit {
  /** Runs the companions of this peer. */
  companions: Pick<Admission, 'models' | 'admit'> | undefined
  now(): number
}

/** Rows of one run of a companion at most. */
const ROWS = 64

/** What makes queries alike, found out before they are grouped: a group is ordered when it closes, and nothing waits then. */
export class Features {
  readonly #init: FeaturesInit
  readonly #known = new WeakMap<NamedTensors, Float32Array>()
  readonly #functions = new WeakMap<object, string>()
  #count = 0

  constructor(init: FeaturesInit) {
    this.#init = init
  }

  /** The features of a query that {@link learn} was told. */
  readonly of = (query: NamedTensors): Float32Array => {
    const features = this.#known.get(query)
    if (features === undefined) {
      throw new RangeError('a query is ordered by features that were not found out before')
    }
    return features
  }

  /** The same for the same choice, and another for another: features of two kinds cannot be compared. */
  key(choice: FeaturesChoice): string {
    if (typeof choice === 'string') return choice
    const key = this.#functions.get(choice) ?? `function ${++this.#count}`
    this.#functions.set(choice, key)
    return key
  }

  /**
   * @param deadline how long it may take, in ms
   * @throws {InvalidOptionError} this peer has no such companion, or it takes more than one input
   * @throws {RejectedError | RunFailedError} the companion did not run
   */
  async learn(choice: FeaturesChoice, queries: readonly NamedTensors[], deadline: number): Promise<void> {
    if (typeof choice === 'function') {
      for (const query of queries) this.#known.set(query, choice(query))
      return
    }
    const { companions, now } = this.#init
    const model = companions && servedModel([companions], choice)
    if (companions === undefined || model?.signature.inputs.length !== 1) {
      const there = companions?.models.map(({ name }) => name).join(', ')
      throw new InvalidOptionError(
        `features are the output of a companion with one input: '${choice}' is none of this peer's, which are: ${there || 'none'}`
      )
    }
    for (let from = 0; from < queries.length; from += ROWS) {
      const some = queries.slice(from, from + ROWS)
      const rows = await outputsOf({ companions, model }, some, now() + deadline)
      some.forEach((query, i) => {
        this.#known.set(query, rows[i])
      })
    }
  }
}

async function outputsOf(
  { companions, model: { id, signature } }: { companions: Pick<Admission, 'admit'>; model: Model },
  queries: readonly NamedTensors[],
  deadline: number
): Promise<Float32Array[]> {
  const [input] = signature.inputs
  const { name } = signature.outputs.find(output => output.name === 'logits') ?? signature.outputs[0]
  const batch = { [input.name]: stack(queries.map(query => Object.values(query)[0].row(0))) }
  const ticket = companions.admit({ model: id, inputs: headersOf(batch), outputs: [name], deadline })
  const { outputs } = await ticket.run(batch)
  return queries.map((_, i) => {
    const values = Float32Array.from(outputs[name].row(i).data, Number)
    return name === 'logits' ? softmax(values) : values
  })
}
