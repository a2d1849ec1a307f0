import type { Clock, Millis } from '../inference/index.ts'
import { conditionOf } from './condition.ts'
import { exponential } from './distributions.ts'
import type { Fault, FaultKind } from './fault.ts'
import type { Machine } from './machine.ts'
import { type Random, random, shuffled } from './random.ts'

export interface TimelineInit {
  clock: Clock
  machines: readonly Machine[]
  master: { crash(): void; start(): void }
  /** Chance of the fault of this number, and of one machine under it. */
  chance(fault: number, machine?: number): Random
  /** Nothing is asked after this: faults that go on and on end here. */
  end: Millis
}

/** Lets the faults of a scenario happen, each at its time. Call it at the start, when no machine has joined. */
export function unfold(faults: readonly Fault[], init: TimelineInit): void {
  faults.forEach((fault, number) => {
    const { clock } = init
    const struck = targets(fault, init, number)
    const from = fault.at ?? 0
    const until = fault.for === undefined ? Infinity : from + fault.for
    if (fault.kind === 'join') {
      for (const { machine } of struck) {
        machine.leave('stop')
      }
    }
    clock.setTimer(from, () => {
      begin(fault, struck, until, init, init.chance(number))
    })
  })
}

/** A machine under a fault, with a chance of its own. */
interface Struck {
  machine: Machine
  chance: Random
}

function targets({ on = {}, probability = 1 }: Fault, { machines, chance }: TimelineInit, number: number): Struck[] {
  const draw = chance(number)
  const there = machines.filter(machine => machine.machines === (on.machines ?? machine.machines))
  const count = on.count ?? Math.round((on.share ?? 1) * there.length)
  const chosen = count < there.length ? shuffled(there, draw).slice(0, count) : there
  return chosen
    .filter(() => probability === 1 || draw() < probability)
    .map(machine => ({ machine, chance: chance(number, machines.indexOf(machine)) }))
}

/** What happens to each machine when the fault starts, and when it ends. */
const SPELLS: Partial<Record<FaultKind, [start: (machine: Machine) => void, end: (machine: Machine) => void]>> = {
  crash: [machine => machine.leave('crash'), machine => machine.comeBack()],
  leave: [machine => machine.leave('stop'), machine => machine.comeBack()],
  join: [machine => machine.comeBack(), machine => machine.leave('stop')],
  pause: [machine => machine.frozen.close(), machine => machine.frozen.open()],
  partition: [machine => machine.cut.close(), machine => machine.cut.open()]
}

function begin(fault: Fault, struck: readonly Struck[], until: Millis, init: TimelineInit, chance: Random): void {
  const { clock, master } = init
  const machines = struck.map(({ machine }) => machine)
  const end = Math.min(until, init.end)
  switch (fault.kind) {
    case 'restart':
      for (const machine of machines) {
        away(machine, fault.down, clock)
      }
      break
    case 'churn':
      for (const each of struck) {
        churn(each, fault.every, fault.away, end, clock)
      }
      break
    case 'rolling-upgrade':
      upgrade(machines, fault.down, fault.gap ?? 0, clock)
      break
    case 'reset':
      reset(machines, fault.again ?? Infinity, end, clock)
      break
    case 'master-crash':
      master.crash()
      later(clock, clock.now() + fault.down, () => master.start())
      break
    default:
      last(fault, machines, until, clock)
      suffer(fault, struck, until, init, chance)
  }
}

function last({ kind }: Fault, machines: readonly Machine[], until: Millis, clock: Clock): void {
  const [start, end] = SPELLS[kind] ?? []
  for (const machine of machines) {
    start?.(machine)
    later(clock, until, () => end?.(machine))
  }
}

function later(clock: Clock, at: Millis, happen: () => void): void {
  if (at !== Infinity) {
    clock.setTimer(at, happen)
  }
}

/** A condition lasts. Machines that suffer together have one in common. */
function suffer(fault: Fault, struck: readonly Struck[], until: Millis, { clock }: TimelineInit, chance: Random): void {
  const together = 'together' in fault && fault.together === true
  const shared = together ? conditionOf(fault, clock, chance) : undefined
  for (const { machine, chance: own } of struck) {
    const condition = shared ?? conditionOf(fault, clock, own)
    if (condition !== undefined) {
      machine.conditions.add(condition)
      later(clock, until, () => machine.conditions.delete(condition))
    }
  }
}

function away(machine: Machine, down: Millis, clock: Clock): void {
  machine.leave('stop')
  clock.setTimer(clock.now() + down, () => machine.comeBack())
}

function churn({ machine, chance }: Struck, every: Millis, mean: Millis, end: Millis, clock: Clock): void {
  const at = clock.now() + exponential(every, chance)
  if (at < end) {
    clock.setTimer(at, () => {
      const down = exponential(mean, chance)
      away(machine, down, clock)
      clock.setTimer(clock.now() + down, () => churn({ machine, chance }, every, mean, end, clock))
    })
  }
}

function upgrade([machine, ...rest]: readonly Machine[], down: Millis, gap: Millis, clock: Clock): void {
  if (machine !== undefined) {
    away(machine, down, clock)
    clock.setTimer(clock.now() + down + gap, () => upgrade(rest, down, gap, clock))
  }
}

function reset(machines: readonly Machine[], again: Millis, end: Millis, clock: Clock): void {
  for (const machine of machines) {
    machine.reset()
  }
  if (clock.now() + again < end) {
    clock.setTimer(clock.now() + again, () => reset(machines, again, end, clock))
  }
}

/** Sources of chance for every fault and machine, from one seed: no two share one. */
export function faultChance(seed: number, faults: number): TimelineInit['chance'] {
  return (fault, machine) => random(seed, (machine === undefined ? 0 : 1 + machine) * faults + fault)
}
