import type { Model, ModelId, NamedTensors } from '../models/index.ts'
import type { Admission, AdmissionInit, Load, TaskHeader, TaskOutcome, Ticket } from './admission.ts'
import { Batches } from './batches.ts'
import { checkCount } from './check-options.ts'
import { CancelledError, RejectedError } from './errors.ts'
import type { Executor, RunRequest, RunResult } from './executor.ts'
import { judgeTask } from './judge-task.ts'
import { Place, WaitingLine } from './place.ts'
import { cancelled, late, stopping } from './rejections.ts'
import { runTogether } from './run-together.ts'

/** The weight of the newest task in the mean time of a task. */
const NEWEST = 0.2

/** What `admission()` puts in front of an executor. */
export class BoundedQueue implements Admission {
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
      run: (inputs, early) => this.#enqueue(place, inputs, early),
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

  #enqueue(place: Place, inputs: NamedTensors, early: RunRequest['early']): Promise<TaskOutcome> {
    if (place.state === 'reserved') {
      place.state = 'waiting'
      place.inputs = inputs
      place.early = early
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
