import { setTimeout as sleep } from 'node:timers/promises'
import type { Peer } from '../../nodes/index.ts'
import { random, shuffled } from '../../src/chance/index.ts'
import type { CodeName } from '../../src/codes/index.ts'
import type { GroupReport, Outcome } from '../../src/inference/index.ts'
import type { DescriptionProfile, StudentProfile } from '../../src/profiles/index.ts'
import type { DigitGroup, Digits } from './digits.ts'
import { DemoError } from './errors.ts'
import type { DemoFleet } from './fleet.ts'
import { DEADLINE_MS, GROUPS_WITHOUT, K, KILL_AFTER_MS } from './settings.ts'
import type { View } from './view.ts'
import type { WorkerProcess } from './worker-process.ts'

/** How long a master may take to reach workers that run, in ms. */
const REACH_MS = 30_000

/** What is compared: a code, and how many results it may do without. */
export interface DemoPlan {
  name: string
  code: CodeName
  n: number
  stragglers: number
  /** The small model that the master asks beside copies. */
  student?: StudentProfile
  /** The model of the workers that answers a whole group in one run. */
  description?: DescriptionProfile
}

/** What became of a group under a plan. */
export interface GroupRecord extends DigitGroup {
  outcomes: Outcome[]
  report: GroupReport
  /** Numbers of the workers by peer id. */
  numbers: ReadonlyMap<string, number>
  /** Peer ids of the workers that were slow. */
  slow: string[]
}

export interface RunInit {
  peer: Peer
  fleet: DemoFleet
  digits: Digits
  /** How many workers are slow in each group. */
  slow: number
  seed: number
  view: View
  signal: AbortSignal
}

/**
 * Runs every group through one plan, one after the other. Who is slow and who is killed is drawn in the same way for each
 * plan: from the seed, as seats among the live, one draw a group.
 */
export async function runPlan(plan: DemoPlan, init: RunInit): Promise<GroupRecord[]> {
  const { fleet, digits, view } = init
  const chance = random(init.seed)
  const killAt = Math.floor(digits.groups.length / 2)
  const records: GroupRecord[] = []
  for (const [index, group] of digits.groups.entries()) {
    if (index === killAt + GROUPS_WITHOUT) {
      await fillSeats(init)
    }
    const drawn = shuffled(fleet.live, chance)
    const slow = drawn.slice(0, init.slow)
    const victim = index === killAt ? drawn[init.slow] : undefined
    await fleet.setSlow(slow)
    view.fleet(fleet.seats)
    const [answer] = await Promise.all([ask(plan, group, init), victim && kill(victim, init)])
    records.push({
      ...group,
      outcomes: answer.outcomes,
      report: answer.groups[0],
      numbers: new Map(drawn.map(({ worker, number }) => [worker, number])),
      slow: slow.map(({ worker }) => worker)
    })
    view.group(records)
  }
  await fillSeats(init)
  return records
}

function ask(
  { code, n, stragglers, student, description }: DemoPlan,
  { queries }: DigitGroup,
  { peer, digits, signal }: RunInit
) {
  const asked = { model: digits.model, queries, k: K, n, code, stragglers, student, description }
  return peer.infer({ ...asked, deadline: DEADLINE_MS, signal })
}

async function kill(victim: WorkerProcess, { fleet, view }: RunInit): Promise<void> {
  await sleep(KILL_AFTER_MS)
  await victim.kill()
  view.fleet(fleet.seats)
  view.note(`worker ${victim.number} was killed (SIGKILL) with a group at work`)
}

async function fillSeats({ peer, fleet, digits, view, signal }: RunInit): Promise<void> {
  if (fleet.live.length === fleet.seats.length) {
    return
  }
  await fleet.fillSeats()
  await reach(peer, digits.model, fleet.seats.length, signal)
  view.fleet(fleet.seats)
  view.note(`worker ${Math.max(...fleet.live.map(({ number }) => number))} joined`)
}

/** Waits until the master has a stream to `count` workers. */
export async function reach(peer: Peer, model: string, count: number, signal: AbortSignal): Promise<void> {
  const late = AbortSignal.timeout(REACH_MS)
  try {
    await peer.waitForWorkers({ model, count, signal: AbortSignal.any([signal, late]) })
  } catch (cause) {
    signal.throwIfAborted()
    const reached = peer.workers().length
    throw new DemoError(`the master reached ${reached} of ${count} workers within ${REACH_MS} ms`, { cause })
  }
}
