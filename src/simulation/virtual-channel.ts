import type { Observation, Task, TaskCallbacks, TaskTimings, WorkerChannel } from '../inference/index.ts'
import type { NamedTensors } from '../models/index.ts'
import { Gate } from './gate.ts'
import { Outstanding } from './outstanding.ts'
import { type Sender, Sent, type TaskBytes } from './sent.ts'
import { type RunsInit, VirtualExecutor } from './virtual-executor.ts'
import { CANCELLED, VirtualFaultError } from './virtual-fault.ts'

export interface VirtualWorkerInit extends RunsInit {
  worker: string
  /** Bytes on the network of a task and of its result. Default: those of the inputs, and none. */
  bytes?(task: Task): TaskBytes
  /** While it is closed, nothing happens in the worker. */
  frozen?: Gate
  /** While it is closed, no message arrives at either end. */
  cut?: Gate
  observe?(observation: Observation): void
  /** The worker broke the protocol, so the master broke the connection. */
  broken?(): void
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

/** A worker on a virtual clock that runs one task at a time, first come first served. */
export function virtualChannel(init: VirtualWorkerInit): VirtualChannel {
  return new VirtualWorker(init)
}

class VirtualWorker implements VirtualChannel {
  readonly worker: string
  readonly #init: VirtualWorkerInit
  readonly #frozen: Gate
  readonly #cut: Gate
  readonly #outstanding = new Outstanding<Sent>()
  readonly #executor: VirtualExecutor
  readonly #sender: Sender
  #gone = false

  constructor(init: VirtualWorkerInit) {
    this.worker = init.worker
    this.#init = init
    this.#frozen = init.frozen ?? new Gate()
    this.#cut = init.cut ?? new Gate()
    this.#sender = {
      clock: init.clock,
      cancel: sent => this.#cancel(sent),
      giveUp: sent => this.#giveUp(sent)
    }
    this.#executor = new VirtualExecutor({
      ...init,
      frozen: this.#frozen,
      isInFlight: sent => this.#outstanding.isInFlight(sent),
      spoke: (sent, said) => this.#speak(sent, said),
      ended: (sent, result, timings) => this.#answer(sent, result, timings)
    })
  }

  get mostWaiting(): number {
    return this.#executor.mostWaiting
  }

  submit(task: Task, callbacks: TaskCallbacks): { cancel(): void } {
    const { clock, bytes } = this.#init
    const sent = new Sent(task, callbacks, bytes?.(task) ?? bytesOf(task), this.#sender)
    if (this.#gone) {
      this.#outstanding.send(sent)
      clock.setTimer(clock.now(), () => this.#end(sent, new VirtualFaultError(`worker ${this.worker} is gone`)))
    } else {
      this.#outstanding.hold(sent)
      this.#sendHeld()
    }
    return sent
  }

  crash(): void {
    this.#gone = true
    this.#executor.clear()
    for (const sent of this.#outstanding.all) {
      this.#end(sent, new VirtualFaultError(`worker ${this.worker} vanished`))
    }
  }

  disconnect(): void {
    for (const sent of this.#outstanding.all) {
      sent.callbacks = undefined
      sent.cancelled = true
      sent.disarm()
    }
    this.#outstanding.clear()
    this.#executor.clear()
  }

  stop(): void {
    this.#gone = true
    const stopping = new VirtualFaultError(`worker ${this.worker} is stopping`)
    for (const sent of this.#outstanding.held) {
      this.#end(sent, stopping)
    }
    for (const sent of this.#executor.clear()) {
      this.#answer(sent, stopping)
    }
  }

  #sendHeld(): void {
    for (let sent = this.#outstanding.sendHeld(); sent !== undefined; sent = this.#outstanding.sendHeld()) {
      this.#send(sent)
    }
  }

  #send(sent: Sent): void {
    const { clock, profile } = this.#init
    const arrive = (): void => {
      if (!this.#cut.holds(arrive) && !this.#frozen.holds(arrive)) {
        this.#arrive(sent)
      }
    }
    sent.sentAt = clock.now()
    clock.setTimer(clock.now() + profile.network(sent.bytes.input, 'to'), arrive)
  }

  #arrive(sent: Sent): void {
    const { clock, profile } = this.#init
    if (!this.#outstanding.isInFlight(sent)) {
      return
    }
    sent.arrivedAt = clock.now()
    sent.fault = profile.fault()
    if (sent.fault === 'stall') {
      sent.callbacks?.accepted()
    } else if (sent.fault !== 'silent') {
      if (this.#executor.offer(sent)) {
        sent.callbacks?.accepted()
      } else {
        this.#answer(sent, new VirtualFaultError(`the queue of worker ${this.worker} is full`))
      }
    }
  }

  /** An exit of a model whose run goes on has spoken. */
  #speak(sent: Sent, said: NamedTensors): void {
    const { clock, profile } = this.#init
    const arrive = (): void => {
      if (!this.#cut.holds(arrive) && this.#outstanding.isInFlight(sent)) {
        sent.callbacks?.early?.(said)
      }
    }
    clock.setTimer(clock.now() + profile.network(sent.bytes.output, 'from'), arrive)
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
    if (!this.#outstanding.end(sent)) {
      return
    }
    sent.disarm()
    const { clock, observe } = this.#init
    const network = clock.now() - sent.sentAt - (timings === undefined ? 0 : timings.queue + timings.run)
    const told = timings && { queue: timings.queue, run: timings.run, network: Math.max(0, network) }
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
    if (this.#outstanding.isHeld(sent)) {
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
    if (this.#executor.remove(sent)) {
      this.#answer(sent, CANCELLED)
    }
  }
}

function bytesOf({ inputs }: Task): TaskBytes {
  return { input: Object.values(inputs).reduce((sum, tensor) => sum + tensor.byteLength, 0), output: 0 }
}
