import type { Millis, Task, TaskCallbacks, TaskResult } from '../inference/index.ts'
import type { NamedTensors } from '../models/index.ts'

/** Who watches the tasks of one channel. */
export interface Watch {
  /** Those that have not ended. */
  tasks: Set<Task>
  again(how: string): void
  /** It came from the worker, before the result or as it. */
  came(outputs: NamedTensors, submittedAt: Millis): void
}

/** A task between the master and its channel, callbacks and handle in one. There are very many. */
export class WatchedTask implements TaskCallbacks {
  handle: { cancel(): void } | undefined
  readonly #watch: Watch
  readonly #task: Task
  readonly #callbacks: TaskCallbacks
  readonly #submittedAt: Millis

  constructor(watch: Watch, task: Task, callbacks: TaskCallbacks, submittedAt: Millis) {
    this.#watch = watch
    this.#task = task
    this.#callbacks = callbacks
    this.#submittedAt = submittedAt
    watch.tasks.add(task)
  }

  accepted(): void {
    this.#callbacks.accepted()
  }

  early(outputs: NamedTensors): void {
    if (!this.#watch.tasks.has(this.#task)) {
      this.#watch.again('an early answer')
    }
    this.#watch.came(outputs, this.#submittedAt)
    this.#callbacks.early?.(outputs)
  }

  result(result: TaskResult): void {
    this.#end('result')
    this.#watch.came(result.outputs, this.#submittedAt)
    this.#callbacks.result(result)
  }

  failed(error: Error): void {
    this.#end('failure')
    this.#callbacks.failed(error)
  }

  cancel(): void {
    this.#watch.tasks.delete(this.#task)
    this.handle?.cancel()
  }

  #end(how: string): void {
    if (!this.#watch.tasks.delete(this.#task)) {
      this.#watch.again(how)
    }
  }
}
