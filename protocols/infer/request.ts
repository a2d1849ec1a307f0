import type { Millis, Observation, Task, TaskCallbacks, TaskTimings } from '../../src/inference/index.ts'
import { bodyBytes, headersOf, type Model, type NamedTensors, type TensorHeader } from '../../src/models/index.ts'
import { RESULT_GRACE_MS } from './constants.ts'
import { WireError } from './errors.ts'
import type { Failure, Result } from './messages.ts'

/** Learns how a request ended at its worker whose owner had cancelled it or given it up. */
export type RequestObserver = (model: Model, end: Pick<Observation, 'outcome' | 'timings'>) => void

/** Outputs that a frame brings, and those that it has to bring. */
export interface Coming {
  wanted: readonly string[]
  given: readonly TensorHeader[]
}

/** A task at its master, from `submit` to the terminal frame of its worker. */
export class OutboundRequest {
  readonly model: Model
  readonly outputs: readonly string[]
  readonly deadline: Millis
  /** Bytes of the body, were it not packed: what it takes of the credit, since only the moment of sending says how short it gets. */
  readonly bytes: number
  /** Absent once sent: the tensors are the caller's. */
  task?: Task
  /** Absent once the task has ended for its owner; the worker may not know yet. */
  callbacks?: TaskCallbacks
  /** Its id on the wire, and the moment when its frame began to leave; both from {@link sent}. */
  id = 0
  sentAt: Millis = 0
  stage: 'waiting' | 'sent' | 'answered' | 'ended' = 'waiting'
  /** When its first answer is due; known from the moment when it was sent whole. */
  firstByteDue = Number.POSITIVE_INFINITY
  /** The header of its result, while the body is read. */
  result?: Result
  /** The frame whose body is read, or was read last. */
  coming: Coming = { wanted: [], given: [] }
  /** Outputs that came before the result. */
  readonly #early = new Set<string>()

  readonly #observe: RequestObserver

  constructor(task: Task, model: Model, callbacks: TaskCallbacks, observe: RequestObserver) {
    this.model = model
    this.outputs = task.outputs
    this.deadline = task.deadline
    this.bytes = bodyBytes(headersOf(task.inputs))
    this.task = task
    this.callbacks = callbacks
    this.#observe = observe
  }

  /** When it is given up for its owner; never, once it has ended for it. */
  get resultDue(): Millis {
    return this.callbacks === undefined ? Number.POSITIVE_INFINITY : this.deadline + RESULT_GRACE_MS
  }

  sent(id: number, now: Millis): void {
    this.id = id
    this.sentAt = now
    this.stage = 'sent'
  }

  /** Where its time went; `network` is what the round trip took beside the worker's own queue and run. */
  timings({ queueMicros, runMicros }: NonNullable<Failure['timings']>, now: Millis): TaskTimings {
    const [queue, run] = [queueMicros / 1000, runMicros / 1000]
    return { queue, run, network: Math.max(0, now - this.sentAt - queue - run) }
  }

  /** The first frame about it has come. */
  answered(): void {
    this.stage = 'answered'
    this.firstByteDue = Number.POSITIVE_INFINITY
  }

  /**
   * Some of its outputs come before its result, by a frame whose body is still to come.
   *
   * @throws {WireError} one of them is not wanted or was there before, or there is none
   */
  comesEarly(given: readonly TensorHeader[]): void {
    const names = given.map(({ name }) => name)
    if (names.length === 0 || names.some(name => this.#early.has(name) || !this.outputs.includes(name))) {
      throw new WireError(
        `request ${this.id} wants the outputs [${this.outputs}], of which [${[...this.#early]}] came early, and now [${names}]`
      )
    }
    for (const name of names) {
      this.#early.add(name)
    }
    this.coming = { wanted: names, given }
  }

  /** Its result comes, by a frame whose body is still to come. */
  comes(result: Result): void {
    this.result = result
    this.coming = { wanted: this.outputs, given: result.outputs }
  }

  /** Ends the task for its owner and hands out the callbacks, the first time only. */
  settle(): TaskCallbacks | undefined {
    const { callbacks } = this
    this.callbacks = undefined
    return callbacks
  }

  /** Its result has come; without `outputs` it was wrong, or nobody waited for it. */
  succeed(outputs: NamedTensors | undefined, timings: TaskTimings | undefined): void {
    const callbacks = this.end()
    if (callbacks === undefined || outputs === undefined || timings === undefined) {
      this.#observe(this.model, { outcome: 'result', timings })
    } else {
      callbacks.result({ outputs, timings })
    }
  }

  fail(error: Error, timings?: TaskTimings): void {
    const callbacks = this.end()
    if (callbacks === undefined) {
      this.#observe(this.model, { outcome: 'failed', timings })
    } else {
      callbacks.failed(error)
    }
  }

  /** Nothing more is to come of it: as {@link settle}, and nothing of it is due. */
  end(): TaskCallbacks | undefined {
    this.stage = 'ended'
    this.task = undefined
    this.firstByteDue = Number.POSITIVE_INFINITY
    return this.settle()
  }
}
