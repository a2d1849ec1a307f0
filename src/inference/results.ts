import { type Sliced, whole } from '../codes/index.ts'
import type { ModelId, NamedTensors } from '../models/index.ts'
import { allFinite, sameShape, type Tensor } from '../tensor/index.ts'
import type { Decoded } from './decode.ts'
import { UnusableResultError } from './errors.ts'
import { assertFinite } from './finite.ts'
import type { Plan, PlanTask } from './plan.ts'

/** What came back for the tasks of a group: which results are believed, and which predictions they give. */
export class Results {
  readonly #plan: Plan
  readonly #arrived = new Map<number, Tensor>()
  /** What exits said of tasks, whether or not their results have come since. */
  readonly #early = new Map<number, NamedTensors>()
  /** Queries that have a result of their own. */
  readonly #own = new Set<number>()
  // Both are worked out when they are asked for, and anew once more has arrived.
  #wrong: readonly number[] | undefined
  #decoded: ReadonlyArray<Decoded | undefined> | undefined

  constructor(plan: Plan) {
    this.#plan = plan
  }

  /** How many arrived. */
  get size(): number {
    return this.#arrived.size
  }

  /** Of how many tasks something is known: a result, or what exits said. */
  get known(): number {
    return new Set([...this.#arrived.keys(), ...this.#early.keys()]).size
  }

  /**
   * Takes in the result of a task.
   *
   * @throws {UnusableResultError | NotFiniteError} it cannot be decoded with the others
   */
  add(index: number, outputs: NamedTensors): void {
    const task = this.#plan.tasks[index]
    this.#arrived.set(index, this.#judge(task, outputs))
    if (task.role === 'query') {
      for (const query of task.queries) {
        this.#own.add(query)
      }
    }
    this.#wrong = undefined
    this.#decoded = undefined
  }

  /** Takes in what exits say of a task; `false` if that cannot be used, which is no failure: its result is still to come. */
  hear(index: number, outputs: NamedTensors): boolean {
    const { exits = [] } = this.#plan.tasks[index]
    const usable = Object.entries(outputs).filter(([name, tensor]) => {
      const [other = tensor] = [...this.#early.values()].flatMap(said => said[name] ?? [])
      return exits.includes(name) && allFinite(tensor) && sameKind(tensor, other)
    })
    if (usable.length > 0) {
      this.#early.set(index, { ...this.#early.get(index), ...Object.fromEntries(usable) })
      this.#decoded = undefined
    }
    return usable.length > 0
  }

  /** The tasks, at most as many as the caller allows, whose results those of the others contradict. */
  get wrong(): readonly number[] {
    const { spec, closed } = this.#plan
    if (spec.maxWrong === 0 || !closed || this.size === 0) {
      return []
    }
    this.#wrong ??= this.#plan.suspects(this.#arrived, spec.maxWrong)
    return this.#wrong
  }

  /** The result of a task, once it arrived. */
  of(index: number): Tensor | undefined {
    return this.#arrived.get(index)
  }

  /** Ascending indices of the tasks whose results arrived and are believed. */
  get survivors(): number[] {
    return [...this.#believed().keys()].sort((a, b) => a - b)
  }

  /** Has every query a result of its own? */
  get allExact(): boolean {
    // Finding out who is wrong is dear, so it is left to when it matters.
    if (this.#own.size < this.#plan.size || this.wrong.length === 0) {
      return this.#own.size === this.#plan.size
    }
    const believed = this.survivors.map(index => this.#plan.tasks[index]).filter(({ role }) => role === 'query')
    return new Set(believed.flatMap(({ queries }) => queries)).size === this.#plan.size
  }

  /** Is there a prediction for every query? Only once the plan is closed. */
  get recoverable(): boolean {
    return this.#plan.recoverable(this.survivors, this.#early.keys()).every(Boolean)
  }

  /** The predictions, in the order of the queries. Only once the plan is closed. */
  get decoded(): ReadonlyArray<Decoded | undefined> {
    return whole(this.decoding())
  }

  /** As {@link decoded}, in slices; nothing may arrive meanwhile. */
  *decoding(): Sliced<ReadonlyArray<Decoded | undefined>> {
    if (this.#decoded === undefined) {
      const believed = this.#believed()
      const nothing = believed.size === 0 && this.#early.size === 0
      this.#decoded = nothing ? [] : yield* this.#plan.decoding(believed, this.#early)
    }
    return this.#decoded
  }

  /** A companion learns from what arrived; nothing more will. */
  teach(): void {
    this.#plan.teach?.(this.#arrived)
  }

  #believed(): ReadonlyMap<number, Tensor> {
    const wrong = new Set(this.wrong)
    return wrong.size === 0 ? this.#arrived : new Map([...this.#arrived].filter(([index]) => !wrong.has(index)))
  }

  /** The output of a task's result that is decoded, if it can be used beside the results that are already there. */
  #judge({ output, queries, model }: PlanTask, outputs: NamedTensors): Tensor {
    const tensor = outputs[output]
    if (tensor === undefined) {
      throw new UnusableResultError(`the result has no output "${output}"`)
    }
    const other = this.#alike(model)
    if (other !== undefined && !sameKind(tensor, other)) {
      throw new UnusableResultError(
        `output "${output}" is ${tensor.dtype} [${tensor.shape}], the group's others are ${other.dtype} [${other.shape}]`
      )
    }
    if (queries.length > 1 && tensor.shape[0] !== queries.length) {
      throw new UnusableResultError(
        `output "${output}" has shape [${tensor.shape}], and a row for each of ${queries.length} queries is expected`
      )
    }
    assertFinite(tensor, `output "${output}"`)
    return tensor
  }

  /** A result of the same model. */
  #alike(model: ModelId): Tensor | undefined {
    for (const [index, tensor] of this.#arrived) {
      if (this.#plan.tasks[index].model === model) {
        return tensor
      }
    }
    return undefined
  }
}

function sameKind(a: Tensor, b: Tensor): boolean {
  return a.dtype === b.dtype && sameShape(a.shape, b.shape)
}
