import { raceSignal } from 'race-signal'
import type {
  CallId,
  Drive,
  GroupAnswer,
  GroupId,
  GroupReport,
  MasterEvent,
  Outcome,
  PlanSpec
} from '../src/inference/index.ts'
import type { NamedTensors } from '../src/models/index.ts'
import { PeerStoppedError } from './errors.ts'

/** The outcomes of a call in the caller's order, and how its groups went. */
export interface Answer {
  /** Each query has its terminal outcome: a prediction or a named error. Before that, outcomes can be `pending`. */
  final: boolean
  outcomes: Outcome[]
  /** In the order in which they were formed. */
  groups: GroupReport[]
}

/** An answer in which nothing is pending. */
export interface FinalAnswer extends Answer {
  final: true
  outcomes: TerminalOutcome[]
}

export type TerminalOutcome = Exclude<Outcome, { status: 'pending' }>

interface Call {
  outcomes: Array<Outcome | undefined>
  groups: Map<GroupId, GroupReport>
  /** Queries without a terminal outcome. */
  open: number
  /** Settles when something new is known, and is then replaced. */
  news: PromiseWithResolvers<void>
  failed: Error | undefined
}

/** The calls in progress: promises and iterators at the edge of a master that knows of neither. */
export class Calls {
  readonly #drive: Pick<Drive, 'dispatch'>
  readonly #calls = new Map<CallId, Call>()
  #nextId: CallId = 1

  constructor(drive: Pick<Drive, 'dispatch'>) {
    this.#drive = drive
  }

  get size(): number {
    return this.#calls.size
  }

  /**
   * Yields the terminal answer; before it, where the plan refines, whenever more is known, the newest only. Leaving early
   * aborts the call.
   */
  async *batch(
    queries: readonly NamedTensors[],
    spec: PlanSpec,
    concurrency: number,
    signal?: AbortSignal
  ): AsyncGenerator<Answer> {
    const event = (call: CallId) => ({ type: 'batch', call, queries, spec, concurrency }) as const
    yield* this.#follow(queries.length, event, spec.refine !== 'never', signal)
  }

  /** One query, which shares a group with others of its lane. */
  async *single(query: NamedTensors, spec: PlanSpec, lane: string, signal?: AbortSignal): AsyncGenerator<Answer> {
    const event = (call: CallId) => ({ type: 'query', call, query, spec, lane }) as const
    yield* this.#follow(1, event, spec.refine !== 'never', signal)
  }

  /** Takes an answer of the master in. */
  answered({ outcomes, report }: GroupAnswer): void {
    for (const { call: id, position, outcome } of outcomes) {
      const call = this.#calls.get(id)
      if (call === undefined) {
        continue
      }
      call.outcomes[position] = outcome
      call.groups.set(report.group, report)
      call.open = report.stop === undefined ? call.open : call.open - 1
      call.news.resolve()
    }
  }

  /** Ends every call in progress with an error. */
  stop(reason = new PeerStoppedError('the peer was stopped before the call had its answer')): void {
    for (const [id, call] of this.#calls) {
      this.#abort(id, call, reason)
    }
  }

  async *#follow(
    count: number,
    event: (call: CallId) => MasterEvent,
    refining: boolean,
    signal: AbortSignal | undefined
  ): AsyncGenerator<Answer> {
    signal?.throwIfAborted()
    const id = this.#nextId++
    const call: Call = {
      outcomes: new Array(count),
      groups: new Map(),
      open: count,
      news: Promise.withResolvers(),
      failed: undefined
    }
    this.#calls.set(id, call)
    try {
      this.#drive.dispatch(event(id))
      let answer: Answer
      do {
        await raceSignal(call.news.promise, signal)
        if (call.failed !== undefined) {
          throw call.failed
        }
        call.news = Promise.withResolvers()
        answer = snapshot(call)
        if (refining || answer.final) {
          yield answer
        }
      } while (!answer.final)
    } finally {
      if (call.open > 0) {
        this.#abort(id, call, signal?.reason ?? new PeerStoppedError('the caller left before the answer was complete'))
      }
      this.#calls.delete(id)
    }
  }

  #abort(id: CallId, call: Call, reason: Error): void {
    call.failed ??= reason
    call.news.resolve()
    this.#calls.delete(id)
    this.#drive.dispatch({ type: 'abort', call: id, reason })
  }
}

function snapshot({ outcomes, groups, open }: Call): Answer {
  const pending: Outcome = { status: 'pending', group: undefined }
  return {
    final: open === 0,
    outcomes: Array.from(outcomes, outcome => outcome ?? pending),
    groups: [...groups.values()].sort((a, b) => a.group - b.group)
  }
}

/** The terminal answer of a call. */
export async function last(answers: AsyncIterable<Answer>): Promise<FinalAnswer> {
  for await (const answer of answers) {
    if (isFinal(answer)) {
      return answer
    }
  }
  throw new PeerStoppedError('the call ended without an answer')
}

function isFinal(answer: Answer): answer is FinalAnswer {
  return answer.final
}
