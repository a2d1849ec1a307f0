import { type Spare, spares } from '../advisor/index.ts'
import type { NamedTensors } from '../models/index.ts'
import type { Tensor } from '../tensor/index.ts'
import { blend, type Said } from './blend.ts'
import { type Companion, type Exit, loss, type Side } from './companion.ts'
import type { Decoded } from './decode.ts'
import { codeFor, type Plan, type PlanSpec, type PlanTask } from './plan.ts'

/** The share of the deadline that spare workers are held back for the student. */
const PATIENCE = 1 / 4

/**
 * A plan with side information. Every query leaves at once as itself. The master runs the student on the group, and then asks the
 * spare workers for what {@link spares} says: copies of the queries that the student is least sure of, or descriptions. If
 * the student fails or is late, or is not to be believed at present, all queries count as equally unsure. A prediction is
 * exact if a copy was answered, else the {@link blend} of what companions say, and exits of copies that are still on their way.
 */
export function sidePlan(spec: PlanSpec, { student, description, exits = [], rescue }: Side): Plan {
  const deployed = { model: spec.model, output: spec.output, exits: exits.map(({ output }) => output) }
  // Settled for the whole group: what becomes of a student meanwhile is for the groups to come.
  const listens = student !== undefined && (student.believed?.() ?? true)
  const queries: NamedTensors[] = []
  const tasks: PlanTask[] = []
  let n: number | undefined
  let asked = false
  let complete = false

  const append = (task: Omit<PlanTask, 'index'>): PlanTask => {
    const made = { index: tasks.length, ...task }
    tasks.push(made)
    return made
  }
  /** What the answer of a companion says of each query of its task; nothing, if it is not to be believed. */
  const readings = ({ role, queries: members }: PlanTask, result: Tensor): Said[] => {
    if (role !== 'student' && role !== 'description') {
      return []
    }
    const companion = role === 'description' ? description : listens ? student : undefined
    return members.flatMap((_, row) => {
      return companion === undefined ? [] : { ...companion.read(result.rows(row, row + 1)), source: role }
    })
  }
  const task = ({ role, queries: members }: Spare): PlanTask => {
    if (role === 'query' || description === undefined) {
      return append({ ...deployed, queries: members, inputs: queries[members[0]], role: 'query', runner: 'worker' })
    }
    const { whole, together } = description
    const fed = whole ? Array.from({ length: together }, (_, i) => members[i % members.length]) : members
    return append({ ...feeding(description, fed), queries: fed, role: 'description', runner: 'worker' })
  }
  const feeding = (companion: Companion, members: readonly number[]) => {
    const { model, output } = companion
    return { model, output, inputs: companion.feed(members.map(query => queries[query])) }
  }
  /** @param losses of the queries where no worker answers; equal ones if nothing is known of them */
  const askSpares = (losses: readonly number[]): PlanTask[] => {
    if (complete || n === undefined) {
      return []
    }
    complete = true
    const { stragglers = Math.floor((n - queries.length) / 2) } = spec
    return spares({
      losses,
      count: n - queries.length,
      // Where none is expected to straggle, spare workers are for the first that does.
      fleet: { workers: n, stragglers: { count: Math.max(1, stragglers) } },
      ...(description && { description: { loss: loss(description.expected), together: description.together } })
    }).map(task)
  }
  const toRescue = (members: readonly number[]): PlanTask[] =>
    members.map(query =>
      append({ ...deployed, inputs: queries[query], role: 'query', queries: [query], runner: 'master' })
    )
  const unsure = (): number[] => queries.map(() => 1)

  return {
    spec,
    tasks,
    patience: listens ? PATIENCE * spec.deadline : undefined,
    get closed() {
      return n !== undefined
    },
    get complete() {
      return complete
    },
    get size() {
      return queries.length
    },
    get n() {
      return n ?? spec.n
    },
    get unmade() {
      return this.n - tasks.filter(({ runner }) => runner === 'worker').length
    },
    add(query) {
      const index = queries.push(query) - 1
      return [append({ ...deployed, inputs: query, role: 'query', queries: [index], runner: 'worker' })]
    },
    close() {
      n = codeFor(spec, queries.length).n
    },
    encodeNext() {
      if (asked) {
        return undefined
      }
      asked = true
      if (student === undefined) {
        return { tasks: askSpares(unsure()), cost: sizeOf(queries) }
      }
      const members = [...queries.keys()]
      const forStudent = append({ ...feeding(student, members), queries: members, role: 'student', runner: 'master' })
      return { tasks: [forStudent, ...(listens ? [] : askSpares(unsure()))], cost: sizeOf(queries) }
    },
    learn(index, result) {
      if (tasks[index].role !== 'student' || !listens) {
        return []
      }
      return askSpares(result === undefined ? unsure() : readings(tasks[index], result).map(it => loss(it.expected)))
    },
    hurry: () => askSpares(unsure()),
    teach(results) {
      const answers = results.get(tasks.findIndex(({ role }) => role === 'student'))
      if (student?.learn === undefined || answers === undefined) {
        return
      }
      const own = new Map<number, Tensor>()
      for (const [index, result] of results) {
        const { role, queries: members } = tasks[index]
        if (role === 'query') {
          own.set(members[0], result)
        }
      }
      for (const [query, result] of own) {
        student.learn(answers.rows(query, query + 1), result)
      }
    },
    ...(rescue && { rescue: toRescue }),
    recoverable(arrived, early = []) {
      const giving = [...arrived, ...early]
        .map(index => tasks[index])
        .filter(({ role }) => role !== 'student' || listens)
      const given = new Set(giving.flatMap(task => task.queries))
      return Array.from(queries, (_, query) => given.has(query))
    },
    suspects: () => [],
    *decoding(results, early = new Map()) {
      const exact = new Map<number, Decoded>()
      // By companion or exit: one that was asked twice says the same twice.
      const said = queries.map(() => new Map<Companion['model'] | Exit['output'], Said>())
      for (const [index, result] of results) {
        const { role, model, queries: members } = tasks[index]
        if (role === 'query') {
          exact.set(members[0], { output: result, source: 'exact' })
        }
        readings(tasks[index], result).forEach((reading, row) => {
          said[members[row]].set(model, reading)
        })
      }
      for (const [index, outputs] of early) {
        const [query] = tasks[index].queries
        for (const { output, read } of exits) {
          if (outputs[output] !== undefined) {
            said[query].set(output, { ...read(outputs[output]), source: 'exit' })
          }
        }
      }
      return said.map((each, query) => exact.get(query) ?? (each.size > 0 ? blend([...each.values()]) : undefined))
    }
  }
}

/** Numbers in all queries: what copying them costs. */
function sizeOf(queries: readonly NamedTensors[]): number {
  return queries.flatMap(query => Object.values(query)).reduce((sum, { size }) => sum + size, 0)
}
