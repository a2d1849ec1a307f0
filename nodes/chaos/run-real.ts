import { monitorEventLoopDelay } from 'node:perf_hooks'
import { raceSignal } from 'race-signal'
import { random } from '../../src/chance/index.ts'
import type { Fleet } from '../../src/fleet/index.ts'
import { type GroupReport, type Millis, SELF } from '../../src/inference/index.ts'
import {
  faultChance,
  type GroupRecord,
  type ModelUnderTest,
  type QueryRecord,
  type RunRecord,
  type Scenario,
  type ScenarioPlan,
  seedsOf,
  startWorkload,
  unfold
} from '../../src/simulation/index.ts'
import { LearningStudent } from '../learning-student.ts'
import { createPeer, type Peer } from '../peer.ts'
import { RealFleetError } from './errors.ts'
import { type CompanionsByPlan, companionsOf, planOptions } from './plan-companions.ts'
import type { RealFleet } from './real-fleet.ts'
import { judge, leakedStreams, type RealCall } from './real-invariants.ts'
import { RunClock } from './run-clock.ts'

/** How long a master may take to reach machines that serve, in ms. */
const REACH_MS = 60_000
/** Those who ask in a rehearsal, and how many groups each asks one after the other, all plans together. */
const REHEARSING = 6
const REHEARSED = 120

export interface RealRunInit {
  scenario: Scenario
  fleet: RealFleet
  model: ModelUnderTest
  companions: CompanionsByPlan
  seed: number
  signal: AbortSignal
  /** What the master knows of workers, and who is chosen. @default as of any peer */
  known?(): Fleet
}

/** What happened in a real run, how each group went, and how long runs took, by what the machines are called. */
export interface RealRunRecord extends RunRecord {
  reports: GroupReport[]
  runTimes: Map<string, Millis[]>
}

/**
 * Has each plan answer some groups on a fleet that has just started. What did not run often is slow, since it is not compiled yet, on
 * both sides: that is no figure of the plan that happens to be the first.
 */
export async function rehearse(plans: readonly ScenarioPlan[], init: RealRunInit): Promise<void> {
  for (const plan of plans) {
    const { peer, options } = await master(plan, init)
    try {
      const caller = async (): Promise<void> => {
        for (let i = 0; i < REHEARSED / plans.length; i++) {
          await ask(peer, options, init, { first: 0, count: plan.k })
        }
      }
      await Promise.all(Array.from({ length: REHEARSING }, caller))
    } finally {
      await peer.stop()
    }
  }
}

/**
 * Runs one plan through a scenario on real processes: the same faults strike the same machines at the same times as when it is
 * simulated, and as much is asked at the same times. How long things take is another matter: that is statistics.
 *
 * @throws {RealFleetError} the master does not reach the machines
 * @throws {ScenarioError} the plan has companions of which nothing is known
 */
export async function runReal(plan: ScenarioPlan, init: RealRunInit): Promise<RealRunRecord> {
  const { fleet, model, signal } = init
  await fleet.recover(signal)
  const { peer, options } = await master(plan, init)
  try {
    const before = fleet.machines.map(({ runs }) => runs.length)
    const { calls, violations, stalled } = await play(peer, options, init)
    const runs = fleet.machines.map((machine, i) => machine.runs.slice(before[i]))
    const runTimes = new Map<string, Millis[]>()
    fleet.machines.forEach(({ machines }, i) => {
      runTimes.set(machines, [...(runTimes.get(machines) ?? []), ...runs[i]])
    })
    return { ...recordOf(calls, plan, model), runs: runs.flat().length, runTimes, violations, stalled }
  } finally {
    await peer.stop()
  }
}

/** A plan, as a master is asked for it. */
type PlanOptions = ReturnType<typeof planOptions>

/** A master that has reached every machine, and how it is to be asked. */
async function master(plan: ScenarioPlan, init: RealRunInit): Promise<{ peer: Peer; options: PlanOptions }> {
  const { fleet, model, signal } = init
  const companions = companionsOf(plan, init.companions)
  const peer = await createPeer({
    listen: [],
    bootstrap: fleet.machines.map(({ address }) => address),
    companions: companions?.own,
    fleet: init.known?.()
  })
  try {
    await reach(peer, model.id, fleet.machines.length, signal)
    return { peer, options: planOptions(plan, { companions, output: model.outputName }) }
  } catch (error) {
    await peer.stop()
    throw error
  }
}

/** Lets the faults happen and everything be asked, from now on. */
async function play(peer: Peer, options: PlanOptions, init: RealRunInit) {
  const { scenario, fleet, model, seed, signal } = init
  const { workload, faults = [] } = scenario
  const seeds = seedsOf(seed)
  const calls: RealCall[] = []
  const clock = new RunClock()
  const stall = monitorEventLoopDelay({ resolution: 1 })
  stall.enable()
  let first = 0
  try {
    unfold(faults, {
      clock,
      machines: fleet.machines,
      master: { crash() {}, start() {} },
      chance: faultChance(seeds.faults, faults.length),
      end: workload.length
    })
    await asking(scenario, seeds.workload, clock, signal, async count => {
      const { student } = options
      const studentOn = student instanceof LearningStudent ? student.on : undefined
      const call: RealCall = { first, count, askedAt: clock.now(), endedAt: Infinity, answer: undefined, studentOn }
      first += count
      calls.push(call)
      call.answer = await ask(peer, options, init, call)
      call.endedAt = clock.now()
    })
  } finally {
    stall.disable()
    clock.stop()
  }
  const stalled = stall.max / 1e6
  const judged = judge(calls, { scenario, direct: query => model.direct(query, options.output), stallMs: stalled })
  return { calls, violations: [...judged, ...leakedStreams(peer, clock.now())], stalled }
}

async function reach(peer: Peer, model: string, count: number, signal: AbortSignal): Promise<void> {
  try {
    await peer.waitForWorkers({ model, count, signal: AbortSignal.any([signal, AbortSignal.timeout(REACH_MS)]) })
  } catch (cause) {
    signal.throwIfAborted()
    const reached = peer.workers().length
    throw new RealFleetError(`the master reached ${reached} of ${count} machines within ${REACH_MS} ms`, { cause })
  }
}

/** Has everything asked that the workload says, and waits for all of it. */
async function asking(
  { workload }: Scenario,
  seed: number,
  clock: RunClock,
  signal: AbortSignal,
  ask: (count: number) => Promise<void>
): Promise<void> {
  const open = new Set<Promise<void>>()
  const failed = Promise.withResolvers<never>()
  startWorkload(workload, {
    clock,
    chance: random(seed),
    ask(count, done) {
      const asked = ask(count)
      open.add(asked)
      asked.then(() => {
        open.delete(asked)
        done()
      }, failed.reject)
    }
  })
  const over = new Promise<void>(resolve => clock.setTimer(workload.length, resolve))
  await raceSignal(Promise.race([over, failed.promise]), signal)
  while (open.size > 0) {
    await raceSignal(Promise.race([Promise.all(open), failed.promise]), signal)
  }
}

/** A batch is asked as one call, all its groups at once. */
function ask(
  peer: Peer,
  options: PlanOptions,
  { scenario, model, signal }: RealRunInit,
  { first, count }: Pick<RealCall, 'first' | 'count'>
) {
  return peer.infer({
    ...options,
    model: model.id,
    queries: Array.from({ length: count }, (_, i) => model.query(first + i)),
    concurrency: Math.ceil(count / options.k),
    deadline: scenario.deadline,
    onDeadline: scenario.onDeadline,
    signal
  })
}

function recordOf(calls: readonly RealCall[], plan: ScenarioPlan, model: ModelUnderTest) {
  const queries: QueryRecord[] = []
  const groups: GroupRecord[] = []
  const reports: GroupReport[] = []
  for (const { first, askedAt, endedAt, answer, studentOn } of calls) {
    reports.push(...(answer?.groups ?? []))
    for (const { tasks, survivors } of answer?.groups ?? []) {
      const sent = tasks.filter(({ worker }) => worker !== SELF)
      const bytes = sent.reduce((sum, task) => sum + task.bytes, 0)
      groups.push({ startedAt: askedAt, tasks: sent.length, used: survivors.length, bytes })
    }
    answer?.outcomes.forEach((outcome, position) => {
      const { status } = outcome
      const accuracy =
        status === 'failed' ? 0 : model.accuracy(first + position, { outcome, plan, survivors: 1, spoilt: false })
      const source = 'source' in outcome ? outcome.source : undefined
      queries.push({ askedAt, endedAt, status, accuracy, source, studentOn })
    })
  }
  return { queries, groups, reports }
}
