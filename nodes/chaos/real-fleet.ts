import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import path from 'node:path'
import type { OnnxModel } from '../../src/runtime/index.ts'
import { deviceOf, type FaultKind, type Scenario, seedsOf } from '../../src/simulation/index.ts'
import { RealFleetError } from './errors.ts'
import { MachineProcess } from './machine-process.ts'

/** What only the simulator can do. */
const SIMULATED_ONLY: readonly FaultKind[] = ['skew', 'master-crash']

export interface RealFleetInit {
  scenario: Scenario
  seed: number
  /** What every machine serves. */
  models: readonly OnnxModel[]
  /** After which share of a run of the deployed model its exits speak, by their outputs. */
  exits?: ReadonlyMap<string, number>
  signal: AbortSignal
  /** One more machine serves. */
  started?(count: number): void
}

/** The machines of a scenario as processes of this computer, each a peer behind a link of its own. */
export class RealFleet {
  readonly machines: readonly MachineProcess[]
  readonly #folder: string

  private constructor(machines: readonly MachineProcess[], folder: string) {
    this.machines = machines
    this.#folder = folder
  }

  /**
   * @throws {RealFleetError} the scenario has a fault that only the simulator can do, or a machine does not start
   */
  static async start({
    scenario,
    seed,
    models,
    exits = new Map(),
    signal,
    started
  }: RealFleetInit): Promise<RealFleet> {
    const beyond = scenario.faults?.find(({ kind }) => SIMULATED_ONLY.includes(kind))
    if (beyond !== undefined) {
      throw new RealFleetError(`${scenario.name}: only the simulator can do '${beyond.kind}'; run it without --real`)
    }
    const folder = await mkdtemp(path.join(tmpdir(), 'splinemesh-chaos-'))
    const groups = scenario.fleet.flatMap(group => Array.from({ length: group.count }, () => group))
    const cost = scenario.model.cost ?? 1
    const { machines: base } = seedsOf(seed)
    const machines = groups.map(
      (group, i) =>
        new MachineProcess(group.name, {
          device: deviceOf(group),
          cost,
          chance: { seed: base, stream: i },
          models,
          exits: [...exits],
          identity: path.join(folder, String(i)),
          port: 0
        })
    )
    const fleet = new RealFleet(machines, folder)
    try {
      await fleet.#startAll(signal, started)
      return fleet
    } catch (error) {
      await fleet.stop()
      throw error
    }
  }

  /** Every machine is there, and nothing is wrong with any. */
  async recover(signal: AbortSignal): Promise<void> {
    await Promise.all(this.machines.map(machine => machine.recover(signal)))
  }

  /** Leaves no process and no file behind. */
  async stop(): Promise<void> {
    await Promise.all(this.machines.map(machine => machine.stop()))
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** Only as many at a time as there are cores: more would slow each other down. */
  async #startAll(signal: AbortSignal, started?: (count: number) => void): Promise<void> {
    const left = [...this.machines]
    let count = 0
    const next = async (): Promise<void> => {
      for (let machine = left.shift(); machine !== undefined; machine = left.shift()) {
        await machine.start(signal)
        started?.(++count)
      }
    }
    await Promise.all(Array.from({ length: availableParallelism() }, next))
  }
}
