import { random } from '../chance/index.ts'
import { Fleet } from '../fleet/index.ts'
import { drive, type Millis, planSpec, SELF } from '../inference/index.ts'
import { Callers } from './callers.ts'
import { DEVICES, type Device } from './device.ts'
import { Invariants } from './invariants.ts'
import { Machine } from './machine.ts'
import { type ModelUnderTest, timedModel } from './model-under-test.ts'
import { planInit } from './plan.ts'
import type { RunRecord } from './run-record.ts'
import type { Machines, Scenario, ScenarioPlan } from './scenario.ts'
import { faultChance, unfold } from './timeline.ts'
import { type VirtualChannel, type VirtualWorkerInit, virtualChannel } from './virtual-channel.ts'
import { VirtualClock } from './virtual-clock.ts'
import { VirtualMaster } from './virtual-master.ts'
import { startWorkload } from './workload.ts'

export interface SimulationOptions {
  /** Default: that of the scenario, else 1. */
  seed?: number
  /** Default: one that does not run, and of whose accuracy nothing is known. */
  model?: ModelUnderTest
  /** What connects the master to channels and a clock. Default {@link drive}; tests plant bugs here. */
  master?: typeof drive
  /** What is known of the workers, and who is chosen. Default {@link Fleet}; what it is compared with comes in here. */
  fleet?(): Fleet
}

/**
 * Runs one plan through a scenario on a virtual clock. The same scenario, plan, seed and model give the same record on every run. A model
 * that takes real time is waited for; on the virtual clock it takes what its device takes.
 */
export async function simulate(
  scenario: Scenario,
  plan: ScenarioPlan,
  options: SimulationOptions = {}
): Promise<RunRecord> {
  const { workload, faults = [] } = scenario
  const { seed = scenario.seed ?? 1, model = timedModel(scenario.model), fleet = () => new Fleet() } = options
  const clock = new VirtualClock()
  const awaited: Array<Promise<void>> = []
  const companions = model.companions(plan, clock)
  const spec = planSpec(planInit(plan, scenario, { id: model.id, outputName: model.outputName, companions }))
  const { output } = spec
  const invariants: Invariants = new Invariants({ clock, model, n: plan.n, output, held: () => master.held })
  const record: RunRecord = { queries: [], groups: [], runs: 0, violations: invariants.violations }
  const callers: Callers = new Callers({
    clock,
    model,
    plan,
    spec,
    invariants,
    record,
    dispatch: event => master.dispatch(event)
  })
  const master: VirtualMaster = new VirtualMaster({
    clock,
    drive: options.master ?? drive,
    fleet,
    models: [...new Set([model.id, ...(companions?.served ?? [])])],
    own:
      companions &&
      ownChannel(model, plan.student?.service ?? plan.parity?.service ?? 0, {
        clock,
        observe: observation => master.observe(observation),
        awaiting: run => awaited.push(run)
      }),
    watched: channel => invariants.watched(channel),
    answered: answer => callers.answered(answer),
    died: () => callers.masterDied()
  })
  const seeds = seedsOf(seed)
  const machines = machinesOf(scenario, seeds.machines, {
    clock,
    master,
    model,
    exits: companions?.exits,
    invariants,
    awaited
  })
  unfold(faults, { clock, machines, master, chance: faultChance(seeds.faults, faults.length), end: workload.length })
  for (const machine of machines) {
    machine.start()
  }
  startWorkload(workload, { clock, chance: random(seeds.workload), ask: (count, done) => callers.ask(count, done) })
  while (clock.step()) {
    while (awaited.length > 0) {
      await awaited.pop()
    }
  }
  for (const machine of machines) {
    invariants.waited(machine.id, machine.mostWaiting, machine.memory)
    record.runs += machine.runs
  }
  invariants.end()
  return record
}

/** What the master runs by itself; nothing is ever wrong with that. */
function ownChannel(
  model: ModelUnderTest,
  service: Millis,
  init: Pick<VirtualWorkerInit, 'clock' | 'observe' | 'awaiting'>
): VirtualChannel {
  return virtualChannel({
    ...init,
    worker: SELF,
    run: (_, task) => model.run(task),
    profile: { service: () => service, network: () => 0, fault: () => undefined }
  })
}

/** What is drawn for machines, faults and arrivals: none of them depends on how much chance the others take. */
export function seedsOf(seed: number): { machines: number; faults: number; workload: number } {
  const [machines, faults, workload] = [0, 1, 2].map(stream => Math.floor(2 ** 31 * random(seed, stream)()))
  return { machines, faults, workload }
}

interface MachinesInit {
  clock: VirtualClock
  master: VirtualMaster
  model: ModelUnderTest
  exits: ReadonlyMap<string, number> | undefined
  invariants: Invariants
  awaited: Array<Promise<void>>
}

function machinesOf(
  scenario: Scenario,
  seed: number,
  { clock, master, model, exits, invariants, awaited }: MachinesInit
): Machine[] {
  const bytes = { input: model.input, output: model.output }
  return scenario.fleet
    .flatMap(group => Array.from({ length: group.count }, (_, i) => ({ group, place: i + 1 })))
    .map(
      ({ group, place }, number) =>
        new Machine({
          id: `${group.name}-${place}`,
          machines: group.name,
          device: deviceOf(group),
          clock,
          chance: random(seed, number),
          cost: scenario.model.cost ?? 1,
          run: (_, task) => model.run(task),
          awaiting: run => awaited.push(run),
          exits,
          bytes: () => bytes,
          observe: observation => master.observe(observation),
          spoilt: (outputs, honest) => invariants.spoilt(outputs, honest),
          joined: machine => master.joined(machine),
          left: machine => master.left(machine)
        })
    )
}

/** A device of the list, with what the scenario says otherwise. */
export function deviceOf({ device, service, jitter, latency, latencyJitter, bandwidth, memory }: Machines): Device {
  const known = DEVICES[device]
  return {
    service: service ?? known.service,
    jitter: jitter ?? known.jitter,
    latency: latency ?? known.latency,
    latencyJitter,
    bandwidth: bandwidth ?? known.bandwidth,
    memory: memory ?? known.memory
  }
}
