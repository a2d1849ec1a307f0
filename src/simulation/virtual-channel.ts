import type { Clock, Millis, Observation, Task, TaskCallbacks, TaskTimings, WorkerChannel } from '../inference/index.ts'
import type { NamedTensors } from '../models/index.ts'
import { Gate } from './gate.ts'
import { type Spoil, spoil } from './spoil.ts'

/**
 * What can go wrong with a task: `silent` it is never accepted, `stall` accepted and never answered, `fail` the run fails, `truncated` the
 * result breaks off, `duplicate` it is sent twice, which breaks the connection; or the result is spoilt.
 */
export type TaskFault = 'silent' | 'stall' | 'fail' | 'truncated' | 'duplicate' | Spoil

/** How a virtual worker behaves. Each function is asked anew for each task or message. */
export interface VirtualProfile {
  /** Time of a run that begins now. */
  service(): Millis
  /** Time on the network, one way, of a message that leaves now: to the worker, or from it. */
  network(bytes: number, way: 'to' | 'from'): Millis
  fault(): TaskFault | undefined
  /** The worker's clock goes so many times as fast as the master's. Default 1. */
  clockRate?(): number
  /** The worker says that a run took so many times what it did. Default 1. */
  lie?(): number
}

export interface VirtualWorkerInit {
  worker: string
  clock: Clock
  profile: VirtualProfile
  /** The model: what a run gives. What takes real time is handed to `awaiting` and goes on when it is there. */
  run(inputs: NamedTensors): NamedTensors | Promise<NamedTensors>
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
/** Tasks that may wait at a worker. */
const MAX_WAITING = 256
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
  mostWaiting = 0
  readonly #init: VirtualWorkerInit
  readonly #frozen: Gate
  readonly #cut: Gate
  /** At the master, until there is credit. */
  readonly #held = new Set<Sent>()
  /** Until their terminal message is at the master, cancelled or not. */
  readonly #inFlight = new Set<Sent>()
  readonly #waiting: Sent[] = []
  #waitingBytes = 0
  #running = false
  #gone = false
  #before: NamedTensors | undefined

  constructor(init: VirtualWorkerInit) {
    this.worker = init.worker
    this.#init = init
    this.#frozen = init.frozen ?? new Gate()
    this.#cut = init.cut ?? new Gate()
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
      this.#inFlight.add(sent)
      clock.setTimer(clock.now(), () => this.#end(sent, new VirtualFaultError(`worker ${this.worker} is gone`)))
    } else {
      this.#held.add(sent)
      this.#sendHeld()
    }
    return { cancel: () => this.#cancel(sent) }
  }

  crash(): void {
    this.#gone = true
    this.#waiting.length = 0
    this.#waitingBytes = 0
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
    this.#held.clear()
    this.#inFlight.clear()
    this.#waiting.length = 0
    this.#waitingBytes = 0
  }

  stop(): void {
    this.#gone = true
    const stopping = new VirtualFaultError(`worker ${this.worker} is stopping`)
    for (const sent of [...this.#held]) {
      this.#end(sent, stopping)
    }
    this.#waitingBytes = 0
    for (const sent of this.#waiting.splice(0)) {
      this.#answer(sent, stopping)
    }
  }

  #sendHeld(): void {
    const { clock, profile } = this.#init
    for (const sent of this.#held) {
      if (this.#inFlight.size >= CREDIT) {
        return
      }
      this.#held.delete(sent)
      this.#inFlight.add(sent)
      sent.sentAt = clock.now()
      clock.setTimer(clock.now() + profile.network(sent.bytes.input, 'to'), () =>
        this.#cut.pass(() => this.#frozen.pass(() => this.#arrive(sent)))
      )
    }
  }

  #arrive(sent: Sent): void {
    const { clock, profile, memory = Infinity } = this.#init
    if (!this.#inFlight.has(sent)) {
      return
    }
    sent.arrivedAt = clock.now()
    sent.fault = profile.fault()
    if (sent.fault === 'silent') {
      return
    }
    if (this.#waiting.length >= MAX_WAITING || this.#waitingBytes + sent.bytes.input > memory) {
      this.#answer(sent, new VirtualFaultError(`the queue of worker ${this.worker} is full`))
      return
    }
    sent.callbacks?.accepted()
    if (sent.fault === 'stall') {
      return
    }
    this.#waiting.push(sent)
    this.#waitingBytes += sent.bytes.input
    this.#runNext()
    this.mostWaiting = Math.max(this.mostWaiting, this.#waitingBytes)
  }

  #runNext(): void {
    const { clock, profile } = this.#init
    while (!this.#running && this.#waiting.length > 0) {
      const [sent] = this.#waiting.splice(0, 1)
      this.#waitingBytes -= sent.bytes.input
      const rate = profile.clockRate?.() ?? 1
      if (rate * (clock.now() - sent.arrivedAt) >= sent.task.deadline - sent.sentAt) {
        this.#answer(sent, new VirtualFaultError('its deadline passed while it waited'))
      } else if (sent.cancelled) {
        this.#answer(sent, CANCELLED)
      } else {
        this.#run(sent, rate)
      }
    }
  }

  #run(sent: Sent, rate: number): void {
    const { clock, profile, ran } = this.#init
    const began = clock.now()
    this.#running = true
    clock.setTimer(began + profile.service(), () =>
      this.#frozen.pass(() => {
        const run = (clock.now() - began) * rate * (profile.lie?.() ?? 1)
        const timings = { queue: (began - sent.arrivedAt) * rate, run, network: 0 }
        ran?.()
        this.#running = false
        this.#finish(sent, timings)
        this.#runNext()
      })
    )
  }

  /** A run is over. The model itself runs only now, and only if somebody still waits for it. */
  #finish(sent: Sent, timings: TaskTimings): void {
    const { run, awaiting } = this.#init
    if (!this.#inFlight.has(sent)) {
      return
    }
    if (sent.callbacks === undefined || sent.fault === 'fail') {
      this.#answer(sent, sent.callbacks ? new VirtualFaultError('the run failed') : CANCELLED, timings)
      return
    }
    const outputs = run(sent.task.inputs)
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
    clock.setTimer(clock.now() + profile.network(bytes, 'from'), () =>
      this.#cut.pass(() => {
        if (sent.fault === 'truncated' && !(result instanceof Error)) {
          this.#end(sent, new VirtualFaultError('the result broke off'), timings)
        } else {
          this.#end(sent, result, timings)
        }
        if (sent.fault === 'duplicate') {
          broken?.()
        }
      })
    )
  }

  #end(sent: Sent, result: NamedTensors | Error, timings?: TaskTimings): void {
    if (!this.#inFlight.delete(sent) && !this.#held.delete(sent)) {
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
    if (this.#held.has(sent)) {
      this.#end(sent, CANCELLED)
      return
    }
    clock.setTimer(clock.now() + profile.network(0, 'to'), () =>
      this.#cut.pass(() => this.#frozen.pass(() => this.#cancelled(sent)))
    )
  }

  /** A cancellation is at the worker. */
  #cancelled(sent: Sent): void {
    sent.cancelled = true
    const place = this.#waiting.indexOf(sent)
    if (place >= 0) {
      this.#waiting.splice(place, 1)
      this.#waitingBytes -= sent.bytes.input
      this.#answer(sent, CANCELLED)
    }
  }
}

function isTransport(fault: TaskFault): fault is Exclude<TaskFault, Spoil> {
  return typeof fault === 'string' && ['silent', 'stall', 'fail', 'truncated', 'duplicate'].includes(fault)
}
