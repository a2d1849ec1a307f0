import { reorder, type Sliced, unitColumn } from '../codes/index.ts'
import type { NamedTensors } from '../models/index.ts'
import { type Coding, codingFor } from './coding.ts'
import { type GroupDecoder, groupDecoder } from './decode.ts'
import { encodingGroup, orderingGroup } from './encoding.ts'
import { InvalidPlanError } from './errors.ts'
import type { Plan, PlanSpec, PlanTask } from './plan.ts'

/** A plan of one linear code. In a systematic one each query leaves at once, and coding costs no waiting. */
export function linearPlan(spec: PlanSpec): Plan {
  const systematic = spec.code.systematic || spec.codeOptions.layout === 'systematic'
  const deployed = { model: spec.model, output: spec.output }
  const queries: NamedTensors[] = []
  const tasks: PlanTask[] = []
  let closed: { n: number; decoder: GroupDecoder; encoding: Sliced<void> } | undefined
  let complete = false

  const append = (task: PlanTask): PlanTask => {
    tasks.push(task)
    return task
  }
  /** What is run on a mixture of queries. */
  const mixed = (parity: number) => {
    const companion = spec.parities?.[parity]
    if (companion === undefined) {
      return { ...deployed, role: 'coded' } as const
    }
    const { model, output, feed } = companion
    return { model, output, role: 'parity', ...(feed && { inputs: feed(queries) }) } as const
  }
  const group = (): NonNullable<typeof closed> => {
    if (closed === undefined) {
      throw new InvalidPlanError('a plan encodes and decodes only once it is closed')
    }
    return closed
  }
  const encoding = function* ({ code, decoder }: Coding): Sliced<void> {
    const order = yield* orderingGroup(spec, queries)
    // A profile is of full groups.
    const calibrated = code.k === spec.k ? spec.calibrated : undefined
    group().decoder = groupDecoder({ code, decoder: calibrated?.decoder ?? decoder, order, systematic, calibrated })
    const left = Array.from({ length: code.n - tasks.length }, (_, i) => tasks.length + i)
    yield* encodingGroup(code, reorder(queries, order), left, (index, inputs) => {
      const place = code.systematic ? unitColumn(code.encodingMatrix, code.k, index) : undefined
      append({
        index,
        inputs,
        runner: 'worker',
        ...(place === undefined
          ? { queries: [], ...mixed(index - code.k) }
          : { queries: [order[place]], ...deployed, role: 'query' })
      })
    })
  }

  return {
    spec,
    tasks,
    get closed() {
      return closed !== undefined
    },
    get complete() {
      return complete
    },
    get size() {
      return queries.length
    },
    get n() {
      return closed?.n ?? spec.n
    },
    add(query) {
      const index = queries.push(query) - 1
      const task = { index, ...deployed, inputs: query, role: 'query', queries: [index], runner: 'worker' } as const
      return systematic ? [append(task)] : []
    },
    close() {
      const coding = codingFor(spec, queries.length)
      // Until the group has its order only the queries themselves are sent, and the code decodes them in any.
      const decoder = groupDecoder({ ...coding, order: [...queries.keys()], systematic, calibrated: undefined })
      closed = { n: coding.code.n, decoder, encoding: encoding(coding) }
    },
    get unmade() {
      return this.n - tasks.length
    },
    encodeNext() {
      if (complete) {
        return undefined
      }
      const before = tasks.length
      const step = group().encoding.next()
      complete = step.done === true
      return { tasks: tasks.slice(before), cost: step.value ?? 0 }
    },
    learn: () => [],
    hurry: () => [],
    recoverable: arrived => group().decoder.recoverable(arrived),
    suspects: (results, most) => group().decoder.suspects(results, most),
    decoding: results => group().decoder.decoding(results)
  }
}
