import type { Fleet } from '../fleet/index.ts'
import {
  type Clock,
  type Drive,
  type DriveInit,
  type MasterEvent,
  type Observation,
  SELF,
  type WorkerChannel,
  type WorkerId
} from '../inference/index.ts'
import type { ModelId } from '../models/index.ts'
import type { Machine } from './machine.ts'
import type { VirtualChannel } from './virtual-channel.ts'

export interface VirtualMasterInit {
  clock: Clock
  drive(init: DriveInit): Drive
  /** What a master that begins knows of the workers. */
  fleet(): Fleet
  /** The models that every worker serves. */
  models: readonly ModelId[]
  /** Runs what the master runs by itself. */
  own: VirtualChannel | undefined
  /** Around the channel to each worker, to watch it. */
  watched(channel: WorkerChannel): WorkerChannel
  answered: DriveInit['answered']
  died(): void
}

interface Life {
  fleet: Fleet
  channels: Map<WorkerId, WorkerChannel>
  /** Every one that it had: a machine that is stopped in good order still ends its run. */
  opened: Set<VirtualChannel>
  drive: Drive
  end(): void
}

/** A master that can die, and be followed by another that knows nothing of what it did. */
export class VirtualMaster {
  readonly #init: VirtualMasterInit
  readonly #reachable = new Map<WorkerId, Machine>()
  #life: Life | undefined

  constructor(init: VirtualMasterInit) {
    this.#init = init
    this.start()
  }

  get held(): number {
    return this.#life?.drive.held ?? 0
  }

  start(): void {
    const { clock, drive, answered, own, watched } = this.#init
    const fleet = this.#init.fleet()
    const channels = new Map<WorkerId, WorkerChannel>()
    const opened = new Set<VirtualChannel>()
    if (own !== undefined) {
      channels.set(SELF, watched(own))
      opened.add(own)
    }
    let ended = false
    // What a dead one had set off goes nowhere.
    const setTimer: Clock['setTimer'] = (at, fire) => clock.setTimer(at, () => ended || fire())
    this.#life = {
      fleet,
      channels,
      opened,
      drive: drive({ fleet, clock: { now: () => clock.now(), setTimer }, channel: id => channels.get(id), answered }),
      end: () => {
        ended = true
      }
    }
    for (const machine of this.#reachable.values()) {
      this.#reach(machine)
    }
  }

  /** SIGKILL: the connections go with it, and so does what the workers were asked. */
  crash(): void {
    this.#life?.end()
    for (const channel of this.#life?.opened ?? []) {
      channel.disconnect()
    }
    this.#life = undefined
    this.#init.died()
  }

  /** @returns `false` if there is no master to be told */
  dispatch(event: MasterEvent): boolean {
    this.#life?.drive.dispatch(event)
    return this.#life !== undefined
  }

  observe(observation: Observation): void {
    this.#life?.drive.observe(observation)
  }

  joined(machine: Machine): void {
    this.#reachable.set(machine.id, machine)
    this.#reach(machine)
  }

  left({ id }: Machine): void {
    this.#reachable.delete(id)
    this.#life?.channels.delete(id)
    this.#life?.fleet.remove(id)
  }

  #reach({ id, channel }: Machine): void {
    const life = this.#life
    if (life !== undefined && channel !== undefined) {
      life.channels.set(id, this.#init.watched(channel))
      life.opened.add(channel)
      life.fleet.add(id, this.#init.models)
      life.drive.dispatch({ type: 'workers' })
    }
  }
}
