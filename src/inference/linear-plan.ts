import { reorder, type Sliced, unitColumn } from '../codes/index.ts'
import type { NamedTensors } from '../models/index.ts'
import type { Tensor } from '../tensor/index.ts'
import { type Coding, codingFor } from './coding.ts'
import type { LearnedEncoder, ParityModel } from './companion.ts'
import { type Decoded, type GroupDecoder, groupDecoder } from './decode.ts'
import { encodingGroup, orderingGroup } from './encoding.ts'
import { InvalidPlanError } from './errors.ts'
import { isSystematic, type Plan, type PlanSpec, type PlanTask, type TaskRole } from './plan.ts'

/** A task of the master that makes a coded query, and which. */
interface Encoding {
  encoder: LearnedEncoder
  parity: ParityModel
  coded: number
}

/** What a plan is once it is closed. */
interface Closed {
  n: number
  decoder: GroupDecoder
  encoding: Sliced<void>
}

/**
 * A plan of one linear code. In a systematic one each query leaves at once, and coding costs no waiting. A coded query for a parity
 * model may be made by a model that the master runs first.
 */
export function linearPlan(spec: PlanSpec): Plan {
  return new LinearPlan(spec)
}

/** A class, since each group has a plan: its methods, generators among them, are made once for all. */
class LinearPlan implements Plan {
  readonly spec: PlanSpec
  readonly tasks: PlanTask[] = []
  readonly #systematic: boolean
  readonly #queries: NamedTensors[] = []
  /** Which coded query each task is; none for one that only makes one. */
  readonly #codedOf: Array<number | undefined> = []
  readonly #waiting = new Map<number, Encoding>()
  /** Of coded queries, once the group is closed. */
  #weights: Coding['weights']
  #closed: Closed | undefined
  #encoded = false

  constructor(spec: PlanSpec) {
    this.spec = spec
    this.#systematic = isSystematic(spec)
  }

  get closed(): boolean {
    return this.#closed !== undefined
  }

  get complete(): boolean {
    return this.#encoded && this.#waiting.size === 0
  }

  get size(): number {
    return this.#queries.length
  }

  get n(): number {
    return this.#closed?.n ?? this.spec.n
  }

  get unmade(): number {
    return this.complete ? 0 : this.n - this.tasks.filter(({ runner }) => runner === 'worker').length
  }

  add(query: NamedTensors): PlanTask[] {
    const index = this.#queries.push(query) - 1
    return this.#systematic ? [this.#ask(index, this.spec, query, 'query', [index])] : []
  }

  close(): void {
    const coding = codingFor(this.spec, this.size)
    // Until the group has its order only the queries themselves are sent, and the code decodes them in any.
    const order = [...this.#queries.keys()]
    const decoder = groupDecoder({ ...coding, order, systematic: this.#systematic, calibrated: undefined })
    this.#closed = { n: coding.code.n, decoder, encoding: this.#encoding(coding) }
  }

  encodeNext(): { tasks: PlanTask[]; cost: number } | undefined {
    if (this.#encoded) {
      return undefined
    }
    const before = this.tasks.length
    const step = this.#group.encoding.next()
    this.#encoded = step.done === true
    return { tasks: this.tasks.slice(before), cost: step.value ?? 0 }
  }

  learn(index: number, result: Tensor | undefined): PlanTask[] {
    const known = this.#waiting.get(index)
    this.#waiting.delete(index)
    return known === undefined || result === undefined
      ? []
      : [this.#ask(known.coded, known.parity, known.encoder.read(result), 'parity')]
  }

  hurry(): PlanTask[] {
    return []
  }

  recoverable(arrived: Iterable<number>): boolean[] {
    const coded = this.#codedAreTasks ? arrived : [...arrived].flatMap(task => this.#codedOf[task] ?? [])
    return this.#group.decoder.recoverable(coded)
  }

  suspects(results: ReadonlyMap<number, Tensor>, most: number): number[] {
    return this.#group.decoder.suspects(this.#byCoded(results), most).map(coded => this.#codedOf.indexOf(coded))
  }

  decoding(results: ReadonlyMap<number, Tensor>): Sliced<Array<Decoded | undefined>> {
    return this.#group.decoder.decoding(this.#byCoded(results))
  }

  get #group(): Closed {
    if (this.#closed === undefined) {
      throw new InvalidPlanError('a plan encodes and decodes only once it is closed')
    }
    return this.#closed
  }

  *#encoding({ code, decoder, weights }: Coding): Sliced<void> {
    const { spec } = this
    const systematic = this.#systematic
    this.#weights = weights
    const order = yield* orderingGroup(spec, this.#queries)
    // A profile is of full groups.
    const calibrated = code.k === spec.k ? spec.calibrated : undefined
    this.#group.decoder = groupDecoder({ code, decoder: calibrated?.decoder ?? decoder, order, systematic, calibrated })
    const made = this.tasks.length
    const left = Array.from({ length: code.n - made }, (_, i) => made + i)
    yield* encodingGroup(code, reorder(this.#queries, order), left, (coded, inputs) => {
      const place = code.systematic ? unitColumn(code.encodingMatrix, code.k, coded) : undefined
      const parity = spec.parities?.[coded - code.k]
      if (place !== undefined) {
        this.#ask(coded, spec, inputs, 'query', [order[place]])
      } else if (parity !== undefined) {
        this.#prepare(parity, coded, inputs)
      } else {
        this.#ask(coded, spec, inputs, 'coded')
      }
    })
  }

  /** A task for a worker, on the deployed model (which the spec names) or on a companion. */
  #ask(
    coded: number,
    { model, output }: Pick<PlanTask, 'model' | 'output'>,
    inputs: NamedTensors,
    role: TaskRole,
    queries: readonly number[] = []
  ): PlanTask {
    return this.#append(coded, {
      index: this.#next,
      model,
      output,
      inputs,
      role,
      queries,
      runner: 'worker',
      weight: this.#weights?.[coded]
    })
  }

  /** The first task for a parity model: its own, or that of the model that makes its input. */
  #prepare(parity: ParityModel, coded: number, mixture: NamedTensors): void {
    const { encoder, feed } = parity
    if (encoder === undefined) {
      this.#ask(coded, parity, feed?.(this.#queries) ?? mixture, 'parity')
      return
    }
    const { model, output } = encoder
    const inputs = encoder.feed(this.#queries)
    const index = this.#next
    this.#append(undefined, { index, model, output, inputs, role: 'encoder', queries: [], runner: 'master' })
    this.#waiting.set(index, { encoder, parity, coded })
  }

  get #next(): number {
    return this.tasks.length
  }

  #append(coded: number | undefined, task: PlanTask): PlanTask {
    this.tasks.push(task)
    this.#codedOf.push(coded)
    return task
  }

  /** Has each task the index of its coded query? */
  get #codedAreTasks(): boolean {
    return this.spec.parities === undefined
  }

  /** Results by coded query. */
  #byCoded(results: ReadonlyMap<number, Tensor>): ReadonlyMap<number, Tensor> {
    return this.#codedAreTasks
      ? results
      : new Map(
          [...results].flatMap(([task, tensor]): Array<[number, Tensor]> => {
            const coded = this.#codedOf[task]
            return coded === undefined ? [] : [[coded, tensor]]
          })
        )
  }
}
