import type { Millis, Task, TaskCallbacks } from '../../src/inference/index.ts'
import { bodyBytes, headersOf, type Model, type TensorHeader } from '../../src/models/index.ts'
import type { Result } from './messages.ts'

/** The longest delay that a timer takes. */
const MAX_DELAY_MS = 2 ** 31 - 1

/** A task at its master, from `submit` to the terminal frame of its worker. */
export class OutboundRequest {
  readonly model: Model
  readonly outputs: readonly string[]
  readonly deadline: Millis
  readonly inputs: readonly TensorHeader[]
  /** Bytes of the body. */
  readonly bytes: number
  /** Absent once sent: the tensors are the caller's. */
  task?: Task
  /** Absent once the task has ended for its owner; the worker may not know yet. */
  callbacks?: TaskCallbacks
  /** Its id on the wire, and the moment when its frame began to leave; both from {@link sent}. */
  id = 0
  sentAt: Millis = 0
  stage: 'waiting' | 'sent' | 'answered' | 'ended' = 'waiting'
  /** The header of its result, judged, while the body is read. */
  result?: Result
  #deadlineTimer?: NodeJS.Timeout
  #firstByteTimer?: NodeJS.Timeout

  constructor(task: Task, model: Model, callbacks: TaskCallbacks) {
    this.model = model
    this.outputs = task.outputs
    this.deadline = task.deadline
    this.inputs = headersOf(task.inputs)
    this.bytes = bodyBytes(this.inputs)
    this.task = task
    this.callbacks = callbacks
  }

  /** Of no effect when the request has ended already. Neither timer keeps the process alive. */
  armDeadline(delay: Millis, fire: () => void): void {
    if (this.stage !== 'ended') {
      this.#deadlineTimer = setTimeout(fire, Math.min(Math.max(0, delay), MAX_DELAY_MS)).unref()
    }
  }

  sent(id: number, now: Millis): void {
    this.id = id
    this.sentAt = now
    this.stage = 'sent'
  }

  /** Of no effect when the worker has answered while the request was still being sent. */
  armFirstByte(delay: Millis, fire: () => void): void {
    if (this.stage === 'sent') {
      this.#firstByteTimer = setTimeout(fire, delay).unref()
    }
  }

  /** The first frame about it has come. */
  answered(): void {
    this.stage = 'answered'
    clearTimeout(this.#firstByteTimer)
  }

  /** Ends the task for its owner and hands out the callbacks, the first time only. */
  settle(): TaskCallbacks | undefined {
    const { callbacks } = this
    this.callbacks = undefined
    clearTimeout(this.#deadlineTimer)
    return callbacks
  }

  /** Nothing more is to come of it: as {@link settle}, and no timer is left. */
  end(): TaskCallbacks | undefined {
    this.stage = 'ended'
    this.task = undefined
    clearTimeout(this.#firstByteTimer)
    return this.settle()
  }
}
