import { reorder, type Sliced, unitColumn } from '../codes/index.ts'
import type { NamedTensors } from '../models/index.ts'
import type { Tensor } from '../tensor/index.ts'
import { type Coding, codingFor } from './coding.ts'
import type { LearnedEncoder, ParityModel } from './companion.ts'
import { type GroupDecoder, groupDecoder } from './decode.ts'
import { encodingGroup, orderingGroup } from './encoding.ts'
import { InvalidPlanError } from './errors.ts'
import type { Plan, PlanSpec, PlanTask } from './plan.ts'

/** A task of the master that makes a coded query, and which. */
interface Encoding {
  encoder: LearnedEncoder
  parity: ParityModel
  coded: number
}

/**
 * A plan of one linear code. In a systematic one each query leaves at once, and coding costs no waiting. A coded query for a parity
 * model may be made by a model that the master runs first.
 */
export function linearPlan(spec: PlanSpec): Plan {
  const systematic = spec.code.systematic || spec.codeOptions.layout === 'systematic'
  const deployed = { model: spec.model, output: spec.output }
  const queries: NamedTensors[] = []
  const tasks: PlanTask[] = []
  /** Which coded query each task is; none for one that only makes one. */
  const codedOf: Array<number | undefined> = []
  const waiting = new Map<number, Encoding>()
  let closed: { n: number; decoder: GroupDecoder; encoding: Sliced<void> } | undefined
  let encoded = false

  const append = (coded: number | undefined, task: Omit<PlanTask, 'index'>): PlanTask => {
    const made = { index: tasks.length, ...task }
    tasks.push(made)
    codedOf.push(coded)
    return made
  }
  const group = (): NonNullable<typeof closed> => {
    if (closed === undefined) {
      throw new InvalidPlanError('a plan encodes and decodes only once it is closed')
    }
    return closed
  }
  const ask = (parity: ParityModel, coded: number, inputs: NamedTensors): PlanTask => {
    const { model, output } = parity
    return append(coded, { model, output, inputs, role: 'parity', queries: [], runner: 'worker' })
  }
  /** The first task for a parity model: its own, or that of the model that makes its input. */
  const prepare = (parity: ParityModel, coded: number, mixture: NamedTensors): void => {
    const { encoder, feed } = parity
    if (encoder === undefined) {
      ask(parity, coded, feed?.(queries) ?? mixture)
      return
    }
    const { model, output } = encoder
    const inputs = encoder.feed(queries)
    const { index } = append(undefined, { model, output, inputs, role: 'encoder', queries: [], runner: 'master' })
    waiting.set(index, { encoder, parity, coded })
  }
  const encoding = function* ({ code, decoder }: Coding): Sliced<void> {
    const order = yield* orderingGroup(spec, queries)
    // A profile is of full groups.
    const calibrated = code.k === spec.k ? spec.calibrated : undefined
    group().decoder = groupDecoder({ code, decoder: calibrated?.decoder ?? decoder, order, systematic, calibrated })
    const left = Array.from({ length: code.n - tasks.length }, (_, i) => tasks.length + i)
    yield* encodingGroup(code, reorder(queries, order), left, (coded, inputs) => {
      const place = code.systematic ? unitColumn(code.encodingMatrix, code.k, coded) : undefined
      const parity = spec.parities?.[coded - code.k]
      if (place !== undefined) {
        append(coded, { ...deployed, inputs, role: 'query', queries: [order[place]], runner: 'worker' })
      } else if (parity !== undefined) {
        prepare(parity, coded, inputs)
      } else {
        append(coded, { ...deployed, inputs, role: 'coded', queries: [], runner: 'worker' })
      }
    })
  }
  /** Results by coded query. */
  const byCoded = (results: ReadonlyMap<number, Tensor>): ReadonlyMap<number, Tensor> =>
    spec.parities === undefined
      ? results
      : new Map(
          [...results].flatMap(([task, tensor]): Array<[number, Tensor]> => {
            const coded = codedOf[task]
            return coded === undefined ? [] : [[coded, tensor]]
          })
        )

  return {
    spec,
    tasks,
    get closed() {
      return closed !== undefined
    },
    get complete() {
      return encoded && waiting.size === 0
    },
    get size() {
      return queries.length
    },
    get n() {
      return closed?.n ?? spec.n
    },
    add(query) {
      const index = queries.push(query) - 1
      const task = { ...deployed, inputs: query, role: 'query', queries: [index], runner: 'worker' } as const
      return systematic ? [append(index, task)] : []
    },
    close() {
      const coding = codingFor(spec, queries.length)
      // Until the group has its order only the queries themselves are sent, and the code decodes them in any.
      const decoder = groupDecoder({ ...coding, order: [...queries.keys()], systematic, calibrated: undefined })
      closed = { n: coding.code.n, decoder, encoding: encoding(coding) }
    },
    get unmade() {
      return this.complete ? 0 : this.n - tasks.filter(({ runner }) => runner === 'worker').length
    },
    encodeNext() {
      if (encoded) {
        return undefined
      }
      const before = tasks.length
      const step = group().encoding.next()
      encoded = step.done === true
      return { tasks: tasks.slice(before), cost: step.value ?? 0 }
    },
    learn(index, result) {
      const known = waiting.get(index)
      waiting.delete(index)
      return known === undefined || result === undefined
        ? []
        : [ask(known.parity, known.coded, known.encoder.read(result))]
    },
    hurry: () => [],
    recoverable: arrived => group().decoder.recoverable([...arrived].flatMap(task => codedOf[task] ?? [])),
    suspects: (results, most) =>
      group()
        .decoder.suspects(byCoded(results), most)
        .map(coded => codedOf.indexOf(coded)),
    decoding: results => group().decoder.decoding(byCoded(results))
  }
}
