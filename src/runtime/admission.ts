import type { Model, ModelId, NamedTensors, TensorHeader } from '../models/index.ts'
import { checkCount } from './check-options.ts'
import { CancelledError, ExecutorStoppedError, RejectedError, RunFailedError, type WorkerTimings } from './errors.ts'
import type { Executor, RunResult } from './executor.ts'
import { judgeTask } from './judge-task.ts'

/** What a worker knows of a task before its tensors have come. */
export interface TaskHeader {
  model: ModelId
  inputs: readonly TensorHeader[]
  /** Names of the outputs that are wanted. */
  outputs: readonly string[]
  /** When the result stops being of use: ms on this worker's clock. */
  deadline: number
}

/** What a task gave, and where its time went. */
export interface TaskOutcome extends WorkerTimings {
  outputs: NamedTensors
}

/** A place that is reserved for one task. It ends by exactly one of `run`'s outcomes; every end frees the place. */
export interface Ticket {
  /**
   * The inputs of the header are here: run as soon as a slot is free. They are taken over, as by the executor. A second
   * call gives the promise of the first.
   *
   * @throws {RejectedError} by reason `deadline` or `stopping`: it never ran
   * @throws {CancelledError} it was cancelled: at once if it had not begun, else with timings when its run has ended
   * @throws {RunFailedError} the model failed (cancelled or not), or gave other outputs than were asked for
   */
  run(inputs: NamedTensors): Promise<TaskOutcome>
  /**
   * Gives the place back. A task that waits never runs; one that runs keeps its slot to the end of the run, and its
   * result is dropped. Of no effect after the end.
   */
  cancel(): void
}

export interface AdmissionInit {
  executor: Executor
  /** Tasks that may wait beside those that run. Default 256. */
  maxQueued?: number
  /** Bytes of inputs of all tasks that wait or run. Default 256 MiB. */
  maxQueuedBytes?: number
  /** The clock of the deadlines, in ms. Default `performance.now()`. */
  now?: () => number
}

/** The bounded queue in front of an executor. */
export interface Admission {
  /** The models of the executor. */
  readonly models: readonly Model[]
  /**
   * Judges a task by its header and reserves its place at once, so that a body is only read for a task that will be
   * kept.
   *
   * @throws {RejectedError} with the reason; `cause` says more of a bad input
   */
  admit(header: TaskHeader): Ticket
  /** Rejects what waits (`stopping`) and awaits what runs; the executor itself is left to its owner. Idempotent. */
  stop(): Promise<void>
}

/**
 * Puts a bounded queue in front of an executor: first come, first served; at most `executor.slots` runs at once. No timer
 * watches the deadlines: a task is judged when its turn comes, and those that are late make room when the queue is full.
 *
 * @throws {RuntimeOptionError} a bound is not a whole number
 */
export function admission(init: AdmissionInit): Admission {
  return new BoundedQueue(init)
}

class BoundedQueue implements Admission {
  readonly #executor: Executor
  readonly #maxQueued: number
  readonly #maxQueuedBytes: number
  readonly #now: () => number
  /** Every task that holds a place: reserved, waiting or running. */
  readonly #places = new Set<Place>()
  /** Those of them whose inputs are here, in the order in which they came. */
  readonly #waiting = new Set<Place>()
  readonly #running = new Set<Promise<void>>()
  #bytes = 0
  #stopping = false

  constructor({
    executor,
    maxQueued = 256,
    maxQueuedBytes = 256 * 2 ** 20,
    now = () => performance.now()
  }: AdmissionInit) {
    this.#executor = executor
    this.#maxQueued = checkCount('maxQueued', maxQueued, 0)
    this.#maxQueuedBytes = checkCount('maxQueuedBytes', maxQueuedBytes)
    this.#now = now
  }

  get models(): readonly Model[] {
    return this.#executor.models
  }

  admit(header: TaskHeader): Ticket {
    if (this.#stopping) {
      throw stopping()
    }
    const bytes = judgeTask(this.models, header)
    if (header.deadline <= this.#now()) {
      throw late('when it came')
    }
    this.#makeRoom(bytes)
    const place = new Place(header, bytes)
    this.#places.add(place)
    this.#bytes += bytes
    return {
      run: inputs => this.#enqueue(place, inputs),
      cancel: () => this.#cancel(place)
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true
    for (const place of this.#places) {
      if (place.state !== 'running') {
        this.#reject(place, stopping())
      }
    }
    await Promise.all(this.#running)
  }

  #makeRoom(bytes: number): void {
    if (!this.#hasRoom(bytes)) {
      this.#dropLate()
    }
    if (!this.#hasRoom(bytes)) {
      throw new RejectedError(
        'queue-full',
        `${this.#places.size} tasks with ${this.#bytes} bytes of inputs are here and ${bytes} bytes more do not fit ` +
          `(at most ${this.#executor.slots} run, ${this.#maxQueued} wait, ${this.#maxQueuedBytes} bytes): ask another worker`
      )
    }
  }

  #hasRoom(bytes: number): boolean {
    const places = this.#executor.slots + this.#maxQueued
    return this.#places.size < places && this.#bytes + bytes <= this.#maxQueuedBytes
  }

  #dropLate(): void {
    const now = this.#now()
    for (const place of this.#places) {
      if (place.state !== 'running' && place.header.deadline <= now) {
        this.#reject(place, late('while it waited'))
      }
    }
  }

  #enqueue(place: Place, inputs: NamedTensors): Promise<TaskOutcome> {
    if (place.state === 'reserved') {
      place.state = 'waiting'
      place.inputs = inputs
      place.queuedAt = this.#now()
      this.#waiting.add(place)
      this.#startWaiting()
    }
    return place.outcome.promise
  }

  #cancel(place: Place): void {
    if (place.state === 'running') {
      place.cancelled = true
    } else {
      this.#reject(place, new CancelledError('the task was cancelled before it ran'))
    }
  }

  #startWaiting(): void {
    for (const place of this.#waiting) {
      if (this.#running.size >= this.#executor.slots) {
        return
      }
      this.#waiting.delete(place)
      if (place.header.deadline <= this.#now()) {
        this.#reject(place, late('while it waited'))
      } else {
        this.#start(place)
      }
    }
  }

  #start(place: Place): void {
    const queueMs = this.#now() - place.queuedAt
    place.state = 'running'
    // The slot is free before the caller hears of the end: who then asks again at once finds room.
    const end = () => {
      this.#running.delete(running)
      this.#free(place)
      this.#startWaiting()
    }
    const running = this.#run(place, queueMs).then(
      outcome => {
        end()
        place.outcome.resolve(outcome)
      },
      error => {
        end()
        place.outcome.reject(error)
      }
    )
    this.#running.add(running)
  }

  async #run(place: Place, queueMs: number): Promise<TaskOutcome> {
    const { header, inputs } = place
    place.inputs = {}
    const { outputs, runMs } = await this.#executor
      .run({ model: header.model, inputs, outputs: header.outputs })
      .catch(rejectWhenStopped)
    if (place.cancelled) {
      throw new CancelledError('the task was cancelled while it ran', { queueMs, runMs })
    }
    checkNames(outputs, header.outputs)
    return { outputs, queueMs, runMs }
  }

  #reject(place: Place, error: Error): void {
    if (this.#free(place)) {
      this.#waiting.delete(place)
      place.inputs = {}
      place.outcome.reject(error)
    }
  }

  /** Says whether the place was still held. */
  #free(place: Place): boolean {
    const held = this.#places.delete(place)
    if (held) {
      place.state = 'ended'
      this.#bytes -= place.bytes
    }
    return held
  }
}

class Place {
  readonly header: TaskHeader
  readonly bytes: number
  readonly outcome = Promise.withResolvers<TaskOutcome>()
  state: 'reserved' | 'waiting' | 'running' | 'ended' = 'reserved'
  inputs: NamedTensors = {}
  queuedAt = 0
  cancelled = false

  constructor(header: TaskHeader, bytes: number) {
    this.header = header
    this.bytes = bytes
    // A ticket may end before anybody asked for its outcome; that is no unhandled rejection.
    this.outcome.promise.catch(() => {})
  }
}

function checkNames(outputs: RunResult['outputs'], wanted: readonly string[]): void {
  const names = Object.keys(outputs)
  if (names.length !== wanted.length || !wanted.every(name => names.includes(name))) {
    throw new RunFailedError(`the executor was asked for the outputs [${wanted}] and gave [${names}]`)
  }
}

/** A stopped executor has computed nothing, so the task can safely go to another worker. */
function rejectWhenStopped(error: unknown): never {
  throw error instanceof ExecutorStoppedError ? stopping(error) : error
}

function stopping(cause?: Error): RejectedError {
  return new RejectedError('stopping', 'this worker is stopping: ask another one', { cause })
}

function late(when: string): RejectedError {
  return new RejectedError('deadline', `the deadline of the task had passed ${when}: it was not run`)
}
