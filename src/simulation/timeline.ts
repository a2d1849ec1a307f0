import { type Random, random, shuffled } from '../chance/index.ts'
import type { Clock, Millis } from '../inference/index.ts'
import { exponential } from './distributions.ts'
import type { Fault, FaultKind } from './fault.ts'

/** Which source of chance is meant: {@link random} makes it, in whatever process. */
export interface Source {
  seed: number
  stream: number
}

/** What faults happen to: a simulated machine, or one that is a process. */
export interface FaultyMachine {
  /** Which machines of the scenario's fleet it belongs to. */
  readonly machines: string
  /** It is gone until it comes back, at once or in good order; gone twice, it has to come back twice. */
  leave(how: 'crash' | 'stop'): void
  comeBack(): void
  /** Its connection breaks, and is made again. */
  reset(): void
  /** Stops the process, or lets it go on. */
  freeze(frozen: boolean): void
  /** Lets nothing through the network, or all again. */
  cut(cut: boolean): void
  /** It gets into the condition of a fault, if that is one; the returned function ends it. */
  suffer(fault: Fault, source: Source): () => void
}

export interface TimelineInit {
  clock: Clock
  machines: readonly FaultyMachine[]
  master: { crash(): void; start(): void }
  /** Chance of the fault of this number, and of one machine under it. */
  chance(fault: number, machine?: number): Source
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
      begin(fault, struck, until, init)
    })
  })
}

/** A machine under a fault, with a chance of its own. */
interface Struck {
  machine: FaultyMachine
  source: Source
}

function targets(fault: Fault, { machines, chance }: TimelineInit, number: number): Struck[] {
  const { on = {}, probability = 1 } = fault
  const all = chance(number)
  const draw = random(all.seed, all.stream)
  const there = machines.filter(machine => machine.machines === (on.machines ?? machine.machines))
  const count = on.count ?? Math.round((on.share ?? 1) * there.length)
  const chosen = count < there.length ? shuffled(there, draw).slice(0, count) : there
  return chosen
    .filter(() => probability === 1 || draw() < probability)
    .map(machine => ({ machine, source: together(fault) ? all : chance(number, machines.indexOf(machine)) }))
}

type Spell = [start: (machine: FaultyMachine) => void, end: (machine: FaultyMachine) => void]

/** From one source, machines are slow at the same moments. */
function together(fault: Fault): boolean {
  return 'together' in fault && fault.together === true
}

/** What happens to each machine when the fault starts, and when it ends. */
const SPELLS: Partial<Record<FaultKind, Spell>> = {
  crash: [machine => machine.leave('crash'), machine => machine.comeBack()],
  leave: [machine => machine.leave('stop'), machine => machine.comeBack()],
  join: [machine => machine.comeBack(), machine => machine.leave('stop')],
  pause: [machine => machine.freeze(true), machine => machine.freeze(false)],
  partition: [machine => machine.cut(true), machine => machine.cut(false)]
}

function begin(fault: Fault, struck: readonly Struck[], until: Millis, init: TimelineInit): void {
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
      for (const { machine, source } of struck) {
        churn(machine, random(source.seed, source.stream), fault, end, clock)
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
      for (const { machine, source } of struck) {
        later(clock, until, machine.suffer(fault, source))
      }
  }
}

function last({ kind }: Fault, machines: readonly FaultyMachine[], until: Millis, clock: Clock): void {
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

function away(machine: FaultyMachine, down: Millis, clock: Clock): void {
  machine.leave('stop')
  clock.setTimer(clock.now() + down, () => machine.comeBack())
}

type Churn = Extract<Fault, { kind: 'churn' }>

function churn(machine: FaultyMachine, chance: Random, fault: Churn, end: Millis, clock: Clock): void {
  const at = clock.now() + exponential(fault.every, chance)
  if (at < end) {
    clock.setTimer(at, () => {
      const down = exponential(fault.away, chance)
      away(machine, down, clock)
      clock.setTimer(clock.now() + down, () => churn(machine, chance, fault, end, clock))
    })
  }
}

function upgrade([machine, ...rest]: readonly FaultyMachine[], down: Millis, gap: Millis, clock: Clock): void {
  if (machine !== undefined) {
    away(machine, down, clock)
    clock.setTimer(clock.now() + down + gap, () => upgrade(rest, down, gap, clock))
  }
}

function reset(machines: readonly FaultyMachine[], again: Millis, end: Millis, clock: Clock): void {
  for (const machine of machines) {
    machine.reset()
  }
  if (clock.now() + again < end) {
    clock.setTimer(clock.now() + again, () => reset(machines, again, end, clock))
  }
}

/** Sources of chance for every fault and machine, from one seed: no two share one. */
export function faultChance(seed: number, faults: number): TimelineInit['chance'] {
  return (fault, machine) => ({ seed, stream: (machine === undefined ? 0 : 1 + machine) * faults + fault })
}
