import type { Clock, Millis, Observation, Task, TaskCallbacks, TaskTimings, WorkerChannel } from '../inference/index.ts'
import type { NamedTensors } from '../models/index.ts'
import { Gate } from './gate.ts'
import { RunQueue } from './run-queue.ts'
import { type Spoil, spoil } from './spoil.ts'
import type { TaskFault, VirtualProfile } from './virtual-profile.ts'

export interface VirtualWorkerInit {
  worker: string
  clock: Clock
  profile: VirtualProfile
  /** The model: what a run gives. What takes real time is handed to `awaiting` and goes on when it is there. */
  run(inputs: NamedTensors, task: Task): NamedTensors | Promise<NamedTensors>
  awaiting?(run: Promise<void>): void
  /** Bytes on the network of a task and of its result. Default: those of the inputs, and none. */
  bytes?(task: Task): { input: number; output: number }
  /** Bytes of tasks that may wait. */
  memory?: number
  /** While it is closed, nothing happens in the worker. */
  frozen?: Gate
  /** While it is closed, no message arrives at either end. */
  cut?: Gate
  observe?(observation: Observation): void
  /** A run has ended, cancelled or not. */
  ran?(): void
  /** The worker broke the protocol, so the master broke the connection. */
  broken?(): void
  /** A result is spoilt: what it is, and what it should have been. */
  spoilt?(outputs: NamedTensors, honest: NamedTensors): void
}

/** A channel to a worker to which things can happen. */
export interface VirtualChannel extends WorkerChannel {
  /** The most bytes of tasks that ever waited at once. */
  readonly mostWaiting: number
  /** The worker is gone: all its tasks fail now, as will all that are submitted later. */
  crash(): void
  /** The master is gone: nobody waits for anything any more. */
  disconnect(): void
  /** The worker stops in good order: what waits is rejected, what runs is finished. */
  stop(): void
}

/** A task failed at a virtual worker. */
export class VirtualFaultError extends Error {
  override readonly name = 'VirtualFaultError'
  readonly code = 'ERR_VIRTUAL_FAULT'
}

/** How a task ends that nobody waits for: one for all, since making an error takes longer than all else that happens to a task. */
const CANCELLED = new VirtualFaultError('cancelled')

// What real workers and streams have, by default, in `src/runtime` and `protocols/infer`.
/** Tasks of one master that a worker lets be in flight. */
const CREDIT = 64
/** A task is given up so long after its deadline. */
const GRACE: Millis = 50

interface Sent {
  task: Task
  /** Absent once the task has ended for its owner. */
  callbacks: TaskCallbacks | undefined
  bytes: { input: number; output: number }
  sentAt: Millis
  arrivedAt: Millis
  fault: TaskFault | undefined
  cancelled: boolean
  disarm(): void
}

/** A worker on a virtual clock that runs one task at a time, first come first served. */
export function virtualChannel(init: VirtualWorkerInit): VirtualChannel {
  return new VirtualWorker(init)
}

class VirtualWorker implements VirtualChannel {
  readonly worker: string
  readonly #init: VirtualWorkerInit
  readonly #frozen: Gate
  readonly #cut: Gate
  // Lists, not sets: V8 keeps what ever was in a set alive that is long-lived and changes slowly, and there is one a worker.
  /** At the master, until there is credit. */
  readonly #held: Sent[] = []
  /** Until their terminal message is at the master, cancelled or not. */
  readonly #inFlight: Sent[] = []
  readonly #queue: RunQueue<Sent>
  #gone = false
  #before: NamedTensors | undefined

  constructor(init: VirtualWorkerInit) {
    this.worker = init.worker
    this.#init = init
    this.#frozen = init.frozen ?? new Gate()
    this.#cut = init.cut ?? new Gate()
    this.#queue = new RunQueue({
      clock: init.clock,
      frozen: this.#frozen,
      memory: init.memory ?? Infinity,
      service: () => init.profile.service(),
      due: sent => this.#due(sent),
      ran: (sent, began) => this.#ran(sent, began)
    })
  }

  get mostWaiting(): number {
    return this.#queue.mostWaiting
  }

  submit(task: Task, callbacks: TaskCallbacks): { cancel(): void } {
    const { clock, bytes } = this.#init
    const input = Object.values(task.inputs).reduce((sum, tensor) => sum + tensor.byteLength, 0)
    const sent: Sent = {
      task,
      callbacks,
      bytes: bytes?.(task) ?? { input, output: 0 },
      sentAt: clock.now(),
      arrivedAt: 0,
      fault: undefined,
      cancelled: false,
      disarm: clock.setTimer(task.deadline + GRACE, () => this.#giveUp(sent))
    }
    if (this.#gone) {
      this.#inFlight.push(sent)
      clock.setTimer(clock.now(), () => this.#end(sent, new VirtualFaultError(`worker ${this.worker} is gone`)))
    } else {
      this.#held.push(sent)
      this.#sendHeld()
    }
    return { cancel: () => this.#cancel(sent) }
  }

  crash(): void {
    this.#gone = true
    this.#queue.clear()
    for (const sent of [...this.#held, ...this.#inFlight]) {
      this.#end(sent, new VirtualFaultError(`worker ${this.worker} vanished`))
    }
  }

  disconnect(): void {
    for (const sent of [...this.#held, ...this.#inFlight]) {
      sent.callbacks = undefined
      sent.cancelled = true
      sent.disarm()
    }
    this.#held.length = 0
    this.#inFlight.length = 0
    this.#queue.clear()
  }

  stop(): void {
    this.#gone = true
    const stopping = new VirtualFaultError(`worker ${this.worker} is stopping`)
    for (const sent of [...this.#held]) {
      this.#end(sent, stopping)
    }
    for (const sent of this.#queue.clear()) {
      this.#answer(sent, stopping)
    }
  }

  #sendHeld(): void {
    const { clock, profile } = this.#init
    while (this.#inFlight.length < CREDIT) {
      const sent = this.#held.shift()
      if (sent === undefined) {
        return
      }
      this.#inFlight.push(sent)
      sent.sentAt = clock.now()
      const arrive = (): void => {
        if (!this.#cut.holds(arrive) && !this.#frozen.holds(arrive)) {
          this.#arrive(sent)
        }
      }
      clock.setTimer(clock.now() + profile.network(sent.bytes.input, 'to'), arrive)
    }
  }

  #arrive(sent: Sent): void {
    const { clock, profile } = this.#init
    if (!this.#inFlight.includes(sent)) {
      return
    }
    sent.arrivedAt = clock.now()
    sent.fault = profile.fault()
    if (sent.fault === 'stall') {
      sent.callbacks?.accepted()
    } else if (sent.fault !== 'silent') {
      if (this.#queue.offer(sent)) {
        sent.callbacks?.accepted()
      } else {
        this.#answer(sent, new VirtualFaultError(`the queue of worker ${this.worker} is full`))
      }
    }
  }

  #due(sent: Sent): boolean {
    const waited = (this.#init.clock.now() - sent.arrivedAt) * this.#clockRate
    const late = waited >= sent.task.deadline - sent.sentAt
    if (late || sent.cancelled) {
      this.#answer(sent, late ? new VirtualFaultError('its deadline passed while it waited') : CANCELLED)
    }
    return !(late || sent.cancelled)
  }

  #ran(sent: Sent, began: Millis): void {
    const { clock, profile, ran } = this.#init
    const rate = this.#clockRate
    const run = (clock.now() - began) * rate * (profile.lie?.() ?? 1)
    ran?.()
    this.#finish(sent, { queue: (began - sent.arrivedAt) * rate, run, network: 0 })
  }

  get #clockRate(): number {
    return this.#init.profile.clockRate?.() ?? 1
  }

  /** A run is over. The model itself runs only now, and only if somebody still waits for it. */
  #finish(sent: Sent, timings: TaskTimings): void {
    const { run, awaiting } = this.#init
    if (!this.#inFlight.includes(sent)) {
      return
    }
    if (sent.callbacks === undefined || sent.fault === 'fail') {
      this.#answer(sent, sent.callbacks ? new VirtualFaultError('the run failed') : CANCELLED, timings)
      return
    }
    const outputs = run(sent.task.inputs, sent.task)
    const ran = (honest: NamedTensors): void => this.#answer(sent, this.#outcome(sent, honest), timings)
    if (outputs instanceof Promise) {
      awaiting?.(outputs.then(ran))
    } else {
      ran(outputs)
    }
  }

  #outcome({ fault }: Sent, honest: NamedTensors): NamedTensors {
    const before = this.#before
    this.#before = honest
    if (fault === undefined || isTransport(fault)) {
      return honest
    }
    const outputs = spoil(honest, fault, before)
    this.#init.spoilt?.(outputs, honest)
    return outputs
  }

  /** Sends the terminal message. */
  #answer(sent: Sent, result: NamedTensors | Error, timings?: TaskTimings): void {
    const { clock, profile, broken } = this.#init
    const bytes = result instanceof Error ? 0 : sent.bytes.output
    const arrive = (): void => {
      if (this.#cut.holds(arrive)) {
        return
      }
      const brokeOff = sent.fault === 'truncated' && !(result instanceof Error)
      this.#end(sent, brokeOff ? new VirtualFaultError('the result broke off') : result, timings)
      if (sent.fault === 'duplicate') {
        broken?.()
      }
    }
    clock.setTimer(clock.now() + profile.network(bytes, 'from'), arrive)
  }

  #end(sent: Sent, result: NamedTensors | Error, timings?: TaskTimings): void {
    if (!taken(sent, this.#inFlight) && !taken(sent, this.#held)) {
      return
    }
    sent.disarm()
    const { clock, observe } = this.#init
    const network = clock.now() - sent.sentAt - (timings === undefined ? 0 : timings.queue + timings.run)
    const told = timings && { ...timings, network: Math.max(0, network) }
    const { callbacks, task } = sent
    sent.callbacks = undefined
    if (callbacks === undefined) {
      const outcome = result instanceof Error ? 'failed' : 'result'
      observe?.({ worker: this.worker, model: task.model, outcome, timings: told })
    } else if (result instanceof Error) {
      callbacks.failed(result)
    } else {
      callbacks.result({ outputs: result, timings: told ?? { queue: 0, run: 0, network: 0 } })
    }
    this.#sendHeld()
  }

  #giveUp(sent: Sent): void {
    const { callbacks } = sent
    this.#cancel(sent)
    callbacks?.failed(new VirtualFaultError(`worker ${this.worker} gave no result by the deadline`))
  }

  /** What waits at the worker never runs; what runs goes on, and what is sent is not stopped. */
  #cancel(sent: Sent): void {
    const { clock, profile } = this.#init
    if (sent.callbacks === undefined) {
      return
    }
    sent.callbacks = undefined
    sent.disarm()
    if (this.#held.includes(sent)) {
      this.#end(sent, CANCELLED)
      return
    }
    const arrive = (): void => {
      if (!this.#cut.holds(arrive) && !this.#frozen.holds(arrive)) {
        this.#cancelled(sent)
      }
    }
    clock.setTimer(clock.now() + profile.network(0, 'to'), arrive)
  }

  /** A cancellation is at the worker. */
  #cancelled(sent: Sent): void {
    sent.cancelled = true
    if (this.#queue.remove(sent)) {
      this.#answer(sent, CANCELLED)
    }
  }
}

/** Takes a task off a list; `false` if it is not there. */
function taken(sent: Sent, from: Sent[]): boolean {
  const place = from.indexOf(sent)
  if (place >= 0) {
    from.splice(place, 1)
  }
  return place >= 0
}

function isTransport(fault: TaskFault): fault is Exclude<TaskFault, Spoil> {
  return typeof fault === 'string' && ['silent', 'stall', 'fail', 'truncated', 'duplicate'].includes(fault)
}
