import type { Clock, Millis, Task, TaskCallbacks } from '../inference/index.ts'
import type { TaskFault } from './virtual-profile.ts'

/** A task is given up so long after its deadline: what real streams have by default, in `protocols/infer`. */
const GRACE: Millis = 50

/** On the network, of a task and of its result. */
export interface TaskBytes {
  input: number
  output: number
}

/** The channel that a task was sent by. */
export interface Sender {
  clock: Clock
  /** Its owner waits for it no longer. */
  cancel(sent: Sent): void
  /** It did not end by its deadline. */
  giveUp(sent: Sent): void
}

/** A task that was sent to a virtual worker, and the handle by which it is cancelled: one object, for there are very many. */
export class Sent {
  readonly task: Task
  readonly bytes: TaskBytes
  /** Absent once the task has ended for its owner. */
  callbacks: TaskCallbacks | undefined
  sentAt: Millis
  arrivedAt: Millis
  fault: TaskFault | undefined = undefined
  /** At the worker. */
  cancelled = false
  readonly disarm: () => void
  readonly #sender: Sender

  constructor(task: Task, callbacks: TaskCallbacks, bytes: TaskBytes, sender: Sender) {
    this.task = task
    this.bytes = bytes
    this.callbacks = callbacks
    this.sentAt = sender.clock.now()
    this.arrivedAt = this.sentAt
    this.#sender = sender
    this.disarm = sender.clock.setTimer(task.deadline + GRACE, () => sender.giveUp(this))
  }

  cancel(): void {
    this.#sender.cancel(this)
  }
}
