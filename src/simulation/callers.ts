import {
  type CallId,
  type Clock,
  type GroupAnswer,
  type MasterEvent,
  type Millis,
  type Outcome,
  type PlanSpec,
  SELF
} from '../inference/index.ts'
import type { Invariants } from './invariants.ts'
import type { ModelUnderTest } from './model-under-test.ts'
import type { RunRecord } from './run-record.ts'
import type { ScenarioPlan } from './scenario.ts'

export interface CallersInit {
  clock: Clock
  model: ModelUnderTest
  plan: ScenarioPlan
  spec: PlanSpec
  invariants: Invariants
  /** Where the record goes. */
  record: Pick<RunRecord, 'queries' | 'groups'>
  /** Tells the master; `false` if there is none. */
  dispatch(event: MasterEvent): boolean
}

interface Call {
  /** Number of its first query. */
  first: number
  askedAt: Millis
  open: number
  studentOn: boolean | undefined
  done(): void
}

/** Those who ask a simulated master, and keep the record of what they are told. */
export class Callers {
  readonly #init: CallersInit
  readonly #calls = new Map<CallId, Call>()
  #nextCall = 1
  #nextQuery = 0

  constructor(init: CallersInit) {
    this.#init = init
  }

  ask(count: number, done: () => void): void {
    const { clock, model, spec, invariants, dispatch } = this.#init
    const id = this.#nextCall++
    const first = this.#nextQuery
    const askedAt = clock.now()
    this.#nextQuery += count
    this.#calls.set(id, { first, askedAt, open: count, studentOn: spec.side?.student?.believed?.(), done })
    invariants.asked(id, first, count, askedAt + spec.deadline)
    const queries = Array.from({ length: count }, (_, i) => model.query(first + i))
    // All groups of a batch start at once, so that the deadline of the call is that of each of them.
    const event: MasterEvent =
      count === 1
        ? { type: 'query', call: id, query: queries[0], spec, lane: 'all' }
        : { type: 'batch', call: id, queries, spec, concurrency: Math.ceil(count / spec.k) }
    if (!dispatch(event)) {
      // Nobody to ask: a caller tries until its deadline.
      clock.setTimer(askedAt + spec.deadline, () => this.#lose(id))
    }
  }

  answered(answer: GroupAnswer): void {
    const { clock, invariants, record, model } = this.#init
    const { final, outcomes, report } = answer
    invariants.answered(answer)
    if (!final) {
      return
    }
    const spoilt = invariants.isSpoilt(report)
    for (const { call: id, position, outcome } of outcomes) {
      const call = this.#calls.get(id)
      if (call !== undefined) {
        const accuracy = this.#accuracy(call.first + position, outcome, report.survivors.length / report.n, spoilt)
        const { status } = outcome
        record.queries.push({
          askedAt: call.askedAt,
          endedAt: clock.now(),
          status: status === 'pending' ? 'failed' : status,
          accuracy,
          source: 'source' in outcome ? outcome.source : undefined,
          studentOn: call.studentOn
        })
        this.#ended(id, call)
      }
    }
    const sent = report.tasks.filter(({ worker }) => worker !== SELF)
    record.groups.push({
      startedAt: report.startedAt,
      tasks: sent.length,
      used: report.survivors.length,
      bytes: sent.length * model.input
    })
    if (invariants.open === 0) {
      clock.setTimer(clock.now(), () => invariants.idle())
    }
  }

  /** The master died: so did every call. */
  masterDied(): void {
    for (const id of [...this.#calls.keys()]) {
      this.#lose(id)
    }
    this.#init.invariants.forgotten()
  }

  #lose(id: CallId): void {
    const { clock, invariants, record } = this.#init
    const call = this.#calls.get(id)
    if (call === undefined) {
      return
    }
    invariants.lost(id)
    const { askedAt, studentOn } = call
    for (let left = call.open; left > 0; left--) {
      record.queries.push({ askedAt, endedAt: clock.now(), status: 'failed', accuracy: 0, studentOn })
      this.#ended(id, call)
    }
  }

  #ended(id: CallId, call: Call): void {
    call.open--
    if (call.open === 0) {
      this.#calls.delete(id)
      call.done()
    }
  }

  #accuracy(number: number, outcome: Outcome, survivors: number, spoilt: boolean): number | undefined {
    const { model, plan, invariants } = this.#init
    if (!('output' in outcome)) {
      return 0
    }
    const { source, output } = outcome
    // A student's answer is made of no result.
    const wrong = source === 'exact' ? invariants.isSpoiltTensor(output) : source !== 'student' && spoilt
    return model.accuracy(number, { outcome, plan, survivors, spoilt: wrong })
  }
}
