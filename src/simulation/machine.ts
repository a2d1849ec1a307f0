import type { Clock, Millis, Observation, Task } from '../inference/index.ts'
import type { NamedTensors } from '../models/index.ts'
import type { Condition } from './condition.ts'
import type { Device } from './device.ts'
import { logNormal } from './distributions.ts'
import { Gate } from './gate.ts'
import type { Random } from './random.ts'
import { type VirtualChannel, virtualChannel } from './virtual-channel.ts'
import type { TaskFault, VirtualProfile } from './virtual-profile.ts'

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
  run(inputs: NamedTensors): NamedTensors | Promise<NamedTensors>
  awaiting(run: Promise<void>): void
  bytes(task: Task): { input: number; output: number }
  observe(observation: Observation): void
  spoilt(outputs: NamedTensors, honest: NamedTensors): void
  /** The master can reach it now, by `channel`. */
  joined(machine: Machine): void
  /** The master has lost it. */
  left(machine: Machine): void
}

/** A machine of a simulated fleet: a device, what is wrong with it now, and whether it can be reached. */
export class Machine {
  readonly id: string
  readonly machines: string
  readonly conditions = new Set<Condition>()
  /** While it is closed, the process is stopped. */
  readonly frozen = new Gate()
  /** While it is closed, the network loses what is sent, until it is sent again. */
  readonly cut = new Gate()
  channel: VirtualChannel | undefined
  readonly #init: MachineInit
  readonly #profile: VirtualProfile
  /** How many reasons there are that it cannot be reached. */
  #away = 0
  #runs = 0
  #mostWaiting = 0

  constructor(init: MachineInit) {
    this.id = init.id
    this.machines = init.machines
    this.#init = init
    this.#profile = this.#behaviour()
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

  /** It is gone until it comes back: at once, or in good order. */
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

  /** One reason less to be away: it joins when there is none left. */
  comeBack(): void {
    this.#away--
    this.start()
  }

  /** Joins, unless there is a reason to be away. */
  start(): void {
    if (this.#away > 0) {
      return
    }
    const { id, clock, run, awaiting, bytes, observe, spoilt } = this.#init
    this.channel = virtualChannel({
      worker: id,
      clock,
      profile: this.#profile,
      run,
      awaiting,
      bytes,
      memory: this.memory,
      frozen: this.frozen,
      cut: this.cut,
      observe,
      spoilt,
      broken: () => this.reset(),
      ran: () => {
        this.#runs++
      }
    })
    this.#init.joined(this)
  }

  /** The connection breaks, and is made again. */
  reset(): void {
    const { clock } = this.#init
    this.leave('crash')
    clock.setTimer(clock.now() + RECONNECT, () => this.comeBack())
  }

  #behaviour(): VirtualProfile {
    const { device, clock, chance, cost } = this.#init
    const { conditions } = this
    const linkFreeAt = { to: 0, from: 0 }
    const lastArrival = { to: 0, from: 0 }
    return {
      service() {
        let ms = device.service * cost * logNormal(device.jitter, chance)
        for (const { run } of conditions) {
          ms = run?.(ms) ?? ms
        }
        return ms
      },
      network(bytes, way) {
        const now = clock.now()
        let { bandwidth, latency } = device
        for (const condition of conditions) {
          bandwidth = Math.min(bandwidth, condition.bandwidth?.[way] ?? Infinity)
          latency += condition.delay?.(bytes) ?? 0
        }
        linkFreeAt[way] = Math.max(now, linkFreeAt[way]) + (bytes * 8) / (bandwidth * 1000)
        // A stream keeps its order: what comes after a packet that got lost waits for it.
        lastArrival[way] = Math.max(lastArrival[way], linkFreeAt[way] + latency)
        return lastArrival[way] - now
      },
      fault() {
        let found: TaskFault | undefined
        for (const { task } of conditions) {
          // Each is asked, so that what one fault does not change what chance has for the others.
          const struck = task?.()
          found ??= struck
        }
        return found
      },
      clockRate: () => product(conditions, ({ clockRate }) => clockRate),
      lie: () => product(conditions, ({ lie }) => lie)
    }
  }
}

function product(conditions: Iterable<Condition>, factor: (condition: Condition) => number | undefined): number {
  let all = 1
  for (const condition of conditions) {
    all *= factor(condition) ?? 1
  }
  return all
}
