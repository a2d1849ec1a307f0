import type { Model, ModelId, NamedTensors, TensorHeader } from '../models/index.ts'
import type { BatchTimes } from './batch-times.ts'
import { Batches } from './batches.ts'
import { checkCount } from './check-options.ts'
import { CancelledError, RejectedError, type WorkerTimings } from './errors.ts'
import type { Executor, RunResult } from './executor.ts'
import { judgeTask } from './judge-task.ts'
import { Place, WaitingLine } from './place.ts'
import { cancelled, late, stopping } from './rejections.ts'
import { runTogether } from './run-together.ts'

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
  /** What `measureBatchTimes` found: tasks of these models may share a run. Default none. */
  batchTimes?: BatchTimes
  /** The clock of the deadlines, in ms. Default `performance.now()`. */
  now?: () => number
}

/** How busy a worker is. */
export interface Load {
  /** Runs that could begin at once. */
  slotsFree: number
  /** Tasks that wait for one. */
  queued: number
  /** Mean time that a task takes of a slot, in ms, of late; only of models that have run. */
  taskMs: ReadonlyMap<ModelId, number>
}

/** The bounded queue in front of an executor. */
export interface Admission {
  /** The models of the executor. */
  readonly models: readonly Model[]
  readonly load: Load
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
 * Puts a bounded queue in front of an executor: the earliest deadline first; at most `executor.slots` runs at once. No
 * timer watches the deadlines: a task is judged when its turn comes, and those that are late make room when the queue is
 * full.
 *
 * @throws {RuntimeOptionError} a bound is not a whole number
 */
export function admission(init: AdmissionInit): Admission {
  return new BoundedQueue(init)
}

/** The weight of the newest task in the mean time of a task. */
const NEWEST = 0.2

class BoundedQueue implements Admission {
  readonly #executor: Executor
  readonly #maxQueued: number
  readonly #maxQueuedBytes: number
  readonly #batches: Batches
  readonly #now: () => number
  /** Every task that holds a place: reserved, waiting or running. */
  readonly #places = new Set<Place>()
  /** Those of them whose inputs are here. */
  readonly #waiting = new WaitingLine()
  readonly #running = new Set<Promise<void>>()
  #bytes = 0
  readonly #taskMs = new Map<ModelId, number>()
  #stopping = false

  constructor({
    executor,
    maxQueued = 256,
    maxQueuedBytes = 256 * 2 ** 20,
    batchTimes = new Map(),
    now = () => performance.now()
  }: AdmissionInit) {
    this.#executor = executor
    this.#maxQueued = checkCount('maxQueued', maxQueued, 0)
    this.#maxQueuedBytes = checkCount('maxQueuedBytes', maxQueuedBytes)
    this.#batches = new Batches(batchTimes)
    this.#now = now
  }

  get models(): readonly Model[] {
    return this.#executor.models
  }

  get load(): Load {
    const slotsFree = this.#executor.slots - this.#running.size
    return { slotsFree, queued: this.#waiting.places.length, taskMs: this.#taskMs }
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
    const place = new Place(header, bytes, this.#batches.kindOf(header))
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
          `(at most ${this.#executor.slots} run, ${this.#maxQueued} wait, ${this.#maxQueuedBytes} bytes): ask another worker`,
        { retryAfterMs: this.#drainMs() }
      )
    }
  }

  #hasRoom(bytes: number): boolean {
    const places = this.#executor.slots + this.#maxQueued
    return this.#places.size < places && this.#bytes + bytes <= this.#maxQueuedBytes
  }

  /** When those that are here have run, at the pace of late. */
  #drainMs(): number | undefined {
    const times = Array.from(this.#places, ({ header }) => this.#taskMs.get(header.model) ?? 0)
    const total = times.reduce((sum, ms) => sum + ms, 0)
    return total === 0 ? undefined : Math.ceil(total / this.#executor.slots)
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
      this.#reject(place, cancelled())
    }
  }

  #startWaiting(): void {
    const { slots } = this.#executor
    for (let [first] = this.#waiting.places; first !== undefined; [first] = this.#waiting.places) {
      if (this.#running.size >= slots) {
        return
      }
      const now = this.#now()
      if (first.header.deadline <= now) {
        this.#reject(first, late('while it waited'))
      } else {
        this.#start(this.#batches.next(this.#waiting.places, slots, now), now)
      }
    }
  }

  #start(places: readonly Place[], began: number): void {
    for (const place of places) {
      this.#waiting.delete(place)
      place.state = 'running'
      place.queueMs = began - place.queuedAt
    }
    // The slot is free before the callers hear of the end: who then asks again at once finds room.
    const running = runTogether(this.#executor, places).then(
      results => {
        this.#learn(places, this.#now() - began)
        this.#end(places, running)
        for (const [i, place] of places.entries()) {
          settle(place, results[i])
        }
      },
      error => {
        if (places.length > 1) {
          this.#part(places)
          this.#end([], running)
        } else {
          this.#end(places, running)
          places[0].outcome.reject(error)
        }
      }
    )
    this.#running.add(running)
  }

  /** After a run that failed for all: each runs alone, so that the fault of one is not that of the others. */
  #part(places: readonly Place[]): void {
    for (const place of places) {
      place.kind = undefined
      place.state = 'waiting'
      if (place.cancelled || this.#stopping) {
        this.#reject(place, place.cancelled ? cancelled() : stopping())
      } else {
        this.#waiting.add(place)
      }
    }
  }

  #learn(places: readonly Place[], ms: number): void {
    const [{ header }] = places
    const each = ms / places.length
    const before = this.#taskMs.get(header.model) ?? each
    this.#taskMs.set(header.model, before + NEWEST * (each - before))
    this.#batches.ran(places[0], places.length, ms)
  }

  #end(places: readonly Place[], running: Promise<void>): void {
    this.#running.delete(running)
    for (const place of places) {
      this.#free(place)
    }
    this.#startWaiting()
  }

  #reject(place: Place, error: Error): void {
    if (this.#free(place)) {
      this.#waiting.delete(place)
      place.outcome.reject(error)
    }
  }

  /** Says whether the place was still held. */
  #free(place: Place): boolean {
    const held = this.#places.delete(place)
    if (held) {
      place.state = 'ended'
      place.inputs = {}
      this.#bytes -= place.bytes
    }
    return held
  }
}

function settle(
  { cancelled: dropped, queueMs: waitedMs, outcome }: Place,
  { outputs, runMs, loadMs = 0 }: RunResult
): void {
  const queueMs = waitedMs + loadMs
  if (dropped) {
    outcome.reject(new CancelledError('the task was cancelled while it ran', { queueMs, runMs }))
  } else {
    outcome.resolve({ outputs, queueMs, runMs })
  }
}
