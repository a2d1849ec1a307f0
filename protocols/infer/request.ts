import type { Millis, Task, TaskCallbacks, TaskTimings } from '../../src/inference/index.ts'
import { bodyBytes, headersOf, type Model, type TensorHeader } from '../../src/models/index.ts'
import { RESULT_GRACE_MS } from './constants.ts'
import type { Failure, Result } from './messages.ts'

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
  /** When its first answer is due; known from the moment when it was sent whole. */
  firstByteDue = Number.POSITIVE_INFINITY
  /** The header of its result, judged, while the body is read. */
  result?: Result

  constructor(task: Task, model: Model, callbacks: TaskCallbacks) {
    this.model = model
    this.outputs = task.outputs
    this.deadline = task.deadline
    this.inputs = headersOf(task.inputs)
    this.bytes = bodyBytes(this.inputs)
    this.task = task
    this.callbacks = callbacks
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

  /** Ends the task for its owner and hands out the callbacks, the first time only. */
  settle(): TaskCallbacks | undefined {
    const { callbacks } = this
    this.callbacks = undefined
    return callbacks
  }

  /** Nothing more is to come of it: as {@link settle}, and nothing of it is due. */
  end(): TaskCallbacks | undefined {
    this.stage = 'ended'
    this.task = undefined
    this.firstByteDue = Number.POSITIVE_INFINITY
    return this.settle()
  }
}
