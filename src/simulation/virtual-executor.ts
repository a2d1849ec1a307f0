import type { Clock, Millis, Task, TaskTimings } from '../inference/index.ts'
import type { NamedTensors } from '../models/index.ts'
import type { Gate } from './gate.ts'
import { RunQueue } from './run-queue.ts'
import type { Sent } from './sent.ts'
import { spoil } from './spoil.ts'
import { CANCELLED, VirtualFaultError } from './virtual-fault.ts'
import { isTransport, type VirtualProfile } from './virtual-profile.ts'

/** What runs at a virtual worker. */
export interface RunsInit {
  clock: Clock
  profile: VirtualProfile
  /** The model: what a run gives. What takes real time is handed to `awaiting` and goes on when it is there. */
  run(inputs: NamedTensors, task: Task): NamedTensors | Promise<NamedTensors>
  awaiting?(run: Promise<void>): void
  /** After which share of a run exits of the model speak, by their outputs. */
  exits?: ReadonlyMap<string, number>
  /** Bytes of tasks that may wait. */
  memory?: number
  /** A run has ended, cancelled or not. */
  ran?(): void
  /** A result is spoilt: what it is, and what it should have been. */
  spoilt?(outputs: NamedTensors, honest: NamedTensors): void
}

export interface VirtualExecutorInit extends RunsInit {
  /** While it is closed, nothing happens. */
  frozen: Gate
  /** Does the master know of the task, and of no end of it? */
  isInFlight(sent: Sent): boolean
  /** An exit has spoken. */
  spoke(sent: Sent, said: NamedTensors): void
  /** Nothing more will come of a task. */
  ended(sent: Sent, result: NamedTensors | Error, timings?: TaskTimings): void
}

/** Runs the tasks of a virtual worker, one at a time, first come first served. */
export class VirtualExecutor {
  readonly #init: VirtualExecutorInit
  readonly #queue: RunQueue<Sent>
  #before: NamedTensors | undefined

  constructor(init: VirtualExecutorInit) {
    this.#init = init
    this.#queue = new RunQueue({
      clock: init.clock,
      frozen: init.frozen,
      memory: init.memory ?? Infinity,
      service: () => init.profile.service(),
      due: sent => this.#due(sent),
      begins: (sent, took) => this.#begins(sent, took),
      ran: (sent, began) => this.#ran(sent, began)
    })
  }

  /** The most bytes of tasks that ever waited at once. */
  get mostWaiting(): number {
    return this.#queue.mostWaiting
  }

  /** @returns `false` if there is no room */
  offer(sent: Sent): boolean {
    return this.#queue.offer(sent)
  }

  /** Takes a task out; `false` if it does not wait. */
  remove(sent: Sent): boolean {
    return this.#queue.remove(sent)
  }

  /** Takes all out that wait. */
  clear(): Sent[] {
    return this.#queue.clear()
  }

  #due(sent: Sent): boolean {
    const waited = (this.#init.clock.now() - sent.arrivedAt) * this.#clockRate
    const late = waited >= sent.task.deadline - sent.sentAt
    if (late || sent.cancelled) {
      this.#init.ended(sent, late ? new VirtualFaultError('its deadline passed while it waited') : CANCELLED)
    }
    return !(late || sent.cancelled)
  }

  /** Exits speak in the course of a run, if the task wants them to and nothing goes wrong but what they say. */
  #begins(sent: Sent, took: Millis): void {
    const { clock, exits, frozen } = this.#init
    if (exits === undefined) {
      return
    }
    for (const [output, share] of exits) {
      if (sent.task.outputs.includes(output) && !isTransport(sent.fault)) {
        const speak = (): void => {
          if (!frozen.holds(speak)) {
            this.#run(sent, { ...sent.task, outputs: [output] }, honest =>
              this.#init.spoke(sent, this.#spoil(sent, honest))
            )
          }
        }
        clock.setTimer(clock.now() + share * took, speak)
      }
    }
  }

  /** Runs the model itself, if somebody still waits for what it gives. */
  #run({ callbacks }: Sent, task: Task, ran: (honest: NamedTensors) => void): void {
    if (callbacks === undefined) {
      return
    }
    const { run, awaiting } = this.#init
    const given = run(task.inputs, task)
    if (given instanceof Promise) {
      awaiting?.(given.then(ran))
    } else {
      ran(given)
    }
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

  /** A run is over. The model itself runs only now. */
  #finish(sent: Sent, timings: TaskTimings): void {
    const { isInFlight, ended } = this.#init
    if (!isInFlight(sent)) {
      return
    }
    if (sent.callbacks === undefined || sent.fault === 'fail') {
      ended(sent, sent.callbacks ? new VirtualFaultError('the run failed') : CANCELLED, timings)
      return
    }
    this.#run(sent, sent.task, honest => {
      const outputs = this.#spoil(sent, honest)
      this.#before = honest
      ended(sent, outputs, timings)
    })
  }

  #spoil({ fault }: Sent, honest: NamedTensors): NamedTensors {
    if (fault === undefined || isTransport(fault)) {
      return honest
    }
    const outputs = spoil(honest, fault, this.#before)
    this.#init.spoilt?.(outputs, honest)
    return outputs
  }
}
