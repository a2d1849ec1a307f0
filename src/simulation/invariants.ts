import { DEFAULT_NORM_CAP } from '../codes/index.ts'
import type {
  CallId,
  Clock,
  GroupAnswer,
  GroupReport,
  Millis,
  Outcome,
  Task,
  WorkerChannel
} from '../inference/index.ts'
import type { NamedTensors } from '../models/index.ts'
import { allFinite, type Tensor } from '../tensor/index.ts'
import type { ModelUnderTest } from './model-under-test.ts'
import { type Watch, WatchedTask } from './watched-task.ts'

/** What must hold in every run, whatever goes wrong in it. */
export const INVARIANTS = {
  'one-outcome': 'each query has exactly one terminal outcome',
  'in-time': 'it comes no later than 50 ms after the deadline',
  'nothing-held': 'nothing of a query outlives it: no task, timer, group or call',
  'bounded-memory': 'what master and workers hold is bounded by what is asked of them',
  'own-result': "an exact prediction is the model's own result on that very query, unless its worker gave a wrong one",
  finite: 'no prediction holds NaN or an infinity',
  'bounded-lies': 'wrong results move a reconstructed prediction by no more than the bound on the decoder',
  'one-terminal': 'a channel ends each task once, and never after it was cancelled'
} as const

export type Invariant = keyof typeof INVARIANTS

export interface Violation {
  invariant: Invariant
  at: Millis
  what: string
}

/** A terminal outcome may come so long after the deadline. */
const GRACE: Millis = 50

/** Of float32, in a value of 1, with room for several steps. */
const ROUNDING = 1e-5

/** Violations that are kept; the first one matters. */
const KEPT = 20

/** What a master may hold for each open query, beside two things (in master and shell) for each of its N tasks: group, call, lane, timers, events. */
const HELD_PER_QUERY = 12
const HELD_PER_TASK = 3

interface OpenCall {
  first: number
  open: Set<number>
  dueAt: Millis
}

export interface InvariantsInit {
  clock: Clock
  model: ModelUnderTest
  n: number
  /** The output that is decoded. */
  output: string
  /** What the master holds now. */
  held(): number
}

/** Watches a run from outside, callers on the one side and channels on the other, and says what broke. */
export class Invariants {
  readonly violations: Violation[] = []
  readonly #init: InvariantsInit
  readonly #calls = new Map<CallId, OpenCall>()
  readonly #tasks = new Set<Task>()
  /** Spoilt tensors: by how much they differ from the honest ones at most. */
  readonly #spoilt = new WeakSet<Tensor>()
  /** Workers that gave a wrong result, and when they had been asked for it. */
  readonly #wrong = new Set<string>()
  #largestLie = 0
  #open = 0

  constructor(init: InvariantsInit) {
    this.#init = init
  }

  /** Queries without an outcome. */
  get open(): number {
    return this.#open
  }

  /** @param first number of the call's first query */
  asked(call: CallId, first: number, count: number, dueAt: Millis): void {
    this.#calls.set(call, { first, open: new Set(Array(count).keys()), dueAt })
    this.#open += count
  }

  answered({ final, outcomes, report }: GroupAnswer): void {
    const spread = this.#spread(outcomes)
    for (const { call, position, outcome } of outcomes) {
      this.#judge(call, position, outcome, spread)
      if (final) {
        this.#ended(call, position, report.deadlineAt)
      }
    }
    this.#checkHeld()
  }

  /** The callers were told that the master is gone: their queries have ended. */
  lost(call: CallId): void {
    this.#open -= this.#calls.get(call)?.open.size ?? 0
    this.#calls.delete(call)
  }

  /** A worker is about to give a wrong result. */
  spoilt(outputs: NamedTensors, honest: NamedTensors): void {
    for (const [name, tensor] of Object.entries(outputs)) {
      const truth = honest[name]
      if (tensor !== truth) {
        this.#spoilt.add(tensor)
      }
      if (truth !== undefined && truth.size === tensor.size && allFinite(tensor)) {
        this.#largestLie = Math.max(this.#largestLie, distance(tensor, truth))
      }
    }
  }

  isSpoiltTensor(tensor: Tensor): boolean {
    return this.#spoilt.has(tensor)
  }

  /** Was one of the results of the group wrong, or what an exit said? */
  isSpoilt({ tasks }: GroupReport): boolean {
    return (
      this.#wrong.size > 0 &&
      tasks.some(
        ({ status, earlyAt, worker, submittedAt }) =>
          (status === 'result' || earlyAt !== undefined) && this.#wrong.has(`${worker} ${submittedAt}`)
      )
    )
  }

  watched(channel: WorkerChannel): WorkerChannel {
    const { worker } = channel
    const watch: Watch = {
      tasks: this.#tasks,
      again: how => this.#broken('one-terminal', `worker ${worker}: ${how} of a task that had ended`),
      came: (outputs, submittedAt) => {
        if (Object.values(outputs).some(tensor => this.#spoilt.has(tensor))) {
          this.#wrong.add(`${worker} ${submittedAt}`)
        }
      }
    }
    return {
      worker,
      submit: (task, callbacks) => {
        const watched = new WatchedTask(watch, task, callbacks, this.#init.clock.now())
        watched.handle = channel.submit(task, watched)
        return watched
      }
    }
  }

  /** The master died, and with it what it had sent. */
  forgotten(): void {
    this.#tasks.clear()
  }

  /** Nothing is asked: nothing may be held. */
  idle(): void {
    const held = this.#init.held()
    if (this.#open === 0 && (held > 0 || this.#tasks.size > 0)) {
      this.#broken('nothing-held', `no query is open, the master holds ${held} things and ${this.#tasks.size} tasks`)
    }
  }

  /** A machine's queue at its longest. */
  waited(machine: string, bytes: number, memory: number): void {
    if (bytes > memory) {
      this.#broken('bounded-memory', `${bytes} bytes of tasks waited at ${machine}, which has ${memory}`)
    }
  }

  /** The run is over: every query should have its outcome. */
  end(): void {
    for (const [call, { open }] of this.#calls) {
      this.#broken('one-outcome', `${open.size} queries of call ${call} have no outcome at the end`)
    }
    this.idle()
  }

  #ended(call: CallId, position: number, deadlineAt: Millis): void {
    const known = this.#calls.get(call)
    if (known === undefined || !known.open.delete(position)) {
      this.#broken('one-outcome', `query ${position} of call ${call} was answered again, or never asked`)
      return
    }
    this.#open--
    if (known.open.size === 0) {
      this.#calls.delete(call)
    }
    const now = this.#init.clock.now()
    const dueAt = Math.min(deadlineAt, known.dueAt)
    if (now > dueAt + GRACE) {
      this.#broken('in-time', `query ${position} of call ${call} was due at ${dueAt} and ended at ${now}`)
    }
  }

  #judge(call: CallId, position: number, outcome: Outcome, spread: number): void {
    const first = this.#calls.get(call)?.first
    if (!('output' in outcome) || first === undefined) {
      return
    }
    const { output, status } = outcome
    if (!allFinite(output)) {
      this.#broken('finite', `the prediction of query ${position} of call ${call} is not finite`)
    }
    const { model } = this.#init
    const direct = model.direct(first + position, this.#init.output)
    const off = distance(output, direct)
    if (status === 'exact' && off !== 0 && !this.#spoilt.has(output)) {
      this.#broken('own-result', `query ${position} of call ${call} is said to be exact, and is off by ${off}`)
    }
    // Rows of D sum to 1 and have an L1 norm of at most the cap, so that an honest group stays within cap × its spread.
    const rounding = ROUNDING * Math.max(1, distance(direct, undefined))
    const bound = DEFAULT_NORM_CAP * (spread + this.#largestLie + rounding)
    if (status === 'reconstructed' && model.identity && off > bound) {
      this.#broken('bounded-lies', `query ${position} of call ${call} is off by ${off}, the bound is ${bound}`)
    }
  }

  /** How far apart the queries of a group are, for the model that hands on what it gets. */
  #spread(outcomes: GroupAnswer['outcomes']): number {
    const numbers = outcomes.map(({ call, position }) => (this.#calls.get(call)?.first ?? 0) + position)
    return Math.max(...numbers) - Math.min(...numbers)
  }

  #checkHeld(): void {
    const { held, n } = this.#init
    const bound = (HELD_PER_QUERY + HELD_PER_TASK * n) * (this.#open + n)
    if (held() > bound) {
      this.#broken('bounded-memory', `the master holds ${held()} things for ${this.#open} open queries`)
    }
  }

  #broken(invariant: Invariant, what: string): void {
    if (this.violations.length < KEPT) {
      this.violations.push({ invariant, at: this.#init.clock.now(), what })
    }
  }
}

/** The largest difference between two tensors of a size; to zeros without a second one. */
function distance(a: Tensor, b: Tensor | undefined): number {
  if (b !== undefined && a.size !== b.size) {
    return Infinity
  }
  let largest = 0
  for (let i = 0; i < a.size; i++) {
    largest = Math.max(largest, Math.abs(Number(a.data[i]) - Number(b?.data[i] ?? 0)))
  }
  return largest
}
