import { type Random, random } from '../chance/index.ts'
import type { Clock, Millis, Observation, Task } from '../inference/index.ts'
import type { NamedTensors } from '../models/index.ts'
import { behaviour } from './behaviour.ts'
import { type Condition, conditionOf } from './condition.ts'
import type { Device } from './device.ts'
import type { Fault } from './fault.ts'
import { Gate } from './gate.ts'
import type { FaultyMachine, Source } from './timeline.ts'
import { type VirtualChannel, virtualChannel } from './virtual-channel.ts'
import type { VirtualProfile } from './virtual-profile.ts'

/** How long a broken connection takes to be made again: what `nodes` waits before it asks a peer again. */
const RECONNECT: Millis = 500

export interface MachineInit {
  id: string
  /** Which machines of the scenario's fleet it belongs to. */
  machines: string
  device: Device
  clock: Clock
  chance: Random
  /** Run times are those of the device times this. */
  cost: number
  run(inputs: NamedTensors, task: Task): NamedTensors | Promise<NamedTensors>
  awaiting(run: Promise<void>): void
  exits?: ReadonlyMap<string, number>
  bytes(task: Task): { input: number; output: number }
  observe(observation: Observation): void
  spoilt(outputs: NamedTensors, honest: NamedTensors): void
  /** The master can reach it now, by `channel`. */
  joined(machine: Machine): void
  /** The master has lost it. */
  left(machine: Machine): void
}

/** A machine of a simulated fleet: a device, what is wrong with it now, and whether it can be reached. */
export class Machine implements FaultyMachine {
  readonly id: string
  readonly machines: string
  channel: VirtualChannel | undefined
  readonly #init: MachineInit
  readonly #conditions = new Set<Condition>()
  readonly #profile: VirtualProfile
  /** While it is closed, the process is stopped. */
  readonly #frozen = new Gate()
  /** While it is closed, the network loses what is sent, until it is sent again. */
  readonly #cut = new Gate()
  /** How many reasons there are that it cannot be reached. */
  #away = 0
  #runs = 0
  #mostWaiting = 0

  constructor(init: MachineInit) {
    this.id = init.id
    this.machines = init.machines
    this.#init = init
    this.#profile = behaviour({ ...init, conditions: this.#conditions })
  }

  /** Runs that have ended. */
  get runs(): number {
    return this.#runs
  }

  /** The most bytes of tasks that ever waited at once, and how many may. */
  get mostWaiting(): number {
    return Math.max(this.#mostWaiting, this.channel?.mostWaiting ?? 0)
  }

  get memory(): number {
    return this.#init.device.memory * 1e6
  }

  leave(how: 'crash' | 'stop'): void {
    this.#away++
    const { channel } = this
    if (channel === undefined) {
      return
    }
    this.channel = undefined
    this.#mostWaiting = Math.max(this.#mostWaiting, channel.mostWaiting)
    this.#init.left(this)
    channel[how]()
  }

  comeBack(): void {
    this.#away--
    this.start()
  }

  /** Joins, unless there is a reason to be away. */
  start(): void {
    if (this.#away > 0) {
      return
    }
    const { id, clock, run, awaiting, exits, bytes, observe, spoilt } = this.#init
    this.channel = virtualChannel({
      worker: id,
      clock,
      profile: this.#profile,
      run,
      awaiting,
      exits,
      bytes,
      memory: this.memory,
      frozen: this.#frozen,
      cut: this.#cut,
      observe,
      spoilt,
      broken: () => this.reset(),
      ran: () => {
        this.#runs++
      }
    })
    this.#init.joined(this)
  }

  freeze(frozen: boolean): void {
    this.#frozen[frozen ? 'close' : 'open']()
  }

  cut(cut: boolean): void {
    this.#cut[cut ? 'close' : 'open']()
  }

  suffer(fault: Fault, { seed, stream }: Source): () => void {
    const condition = conditionOf(fault, this.#init.clock, random(seed, stream))
    this.#conditions.add(condition)
    return () => this.#conditions.delete(condition)
  }

  reset(): void {
    const { clock } = this.#init
    this.leave('crash')
    clock.setTimer(clock.now() + RECONNECT, () => this.comeBack())
  }
}
