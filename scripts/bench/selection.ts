import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { environment } from '../../nodes/index.ts'
import { random } from '../../src/chance/index.ts'
import { Fleet } from '../../src/fleet/index.ts'
import {
  planName,
  readScenario,
  runFigures,
  type Scenario,
  type ScenarioPlan,
  simulate
} from '../../src/simulation/index.ts'
import { RivalFleet } from './rival-fleet.ts'
import { type SelectionRun, selectionFigures, selectionTable } from './selection-figures.ts'
import { POLICIES } from './selection-policies.ts'

const SCENARIOS = ['calm', 'ten-percent-slow', 'heavy-tail', 'thermal-afternoon', 'rack-loss', 'churn']
/** One that can do without a straggler, and that asks half of the twelve machines of each scenario. */
export const PLAN: ScenarioPlan = { code: 'nercc', layout: 'systematic', k: 4, n: 6, stragglers: 1 }
/** The same, with no more tasks at once than are enough in time, and what N allows beside them when they are late. */
export const FEWEST: ScenarioPlan = { ...PLAN, fewest: true }
/** Our choice of workers by itself: all N tasks leave at once, as they do for the others. */
const AT_ONCE = 'ours at once'
/** Chance that a policy takes for itself: it changes nothing of what happens to the machines. */
const OWN_CHANCE = 7

export interface SelectionOptions {
  seeds: number
  first: number
  scenario?: string[]
  /** The others hold tasks back, and copy late ones, as ours does. */
  alike: boolean
  out: string
  json: boolean
}

/**
 * Which workers are chosen, by ours and by what others choose by: the same machines, plan, queries and faults for each, seed by seed, in the
 * simulator. Ours sends at most as many tasks in all; the others send all N of a group at once, or, if asked for, as ours does.
 */
export async function selection({
  seeds,
  first,
  scenario = SCENARIOS,
  alike,
  out,
  json
}: SelectionOptions): Promise<void> {
  const startedAt = new Date()
  const figures = []
  for (const name of scenario) {
    const asked = await library(name)
    const runs: Record<string, SelectionRun[]> = { ours: [], [AT_ONCE]: [] }
    for (let seed = first; seed < first + seeds; seed++) {
      for (const policy of [...Object.keys(POLICIES), AT_ONCE, 'ours']) {
        const plan = policy !== AT_ONCE && (alike || policy === 'ours') ? FEWEST : PLAN
        runs[policy] = [...(runs[policy] ?? []), await measure(asked, plan, { seed, policy })]
      }
    }
    figures.push(selectionFigures({ scenario: name, runs }))
  }
  const settings = { scenarios: scenario, plan: PLAN, seeds, first, alike }
  const results = { figures, settings, environment: await environment(startedAt) }
  const file = path.join(out, 'selection.json')
  await mkdir(out, { recursive: true })
  await writeFile(file, `${JSON.stringify(results, undefined, 2)}\n`)
  console.log(json ? JSON.stringify(results) : `${planName(PLAN)}, ${selectionTable(figures)}\nfigures: ${file}`)
}

export async function library(name: string): Promise<Scenario> {
  const file = fileURLToPath(new URL(`../chaos/scenarios/${name}.yaml`, import.meta.url))
  return readScenario(await readFile(file, 'utf8'), name)
}

/** What a master knows of workers where this policy chooses them. */
export function knownBy(policy: string, seed: number): Fleet {
  return Object.hasOwn(POLICIES, policy) ? new RivalFleet(POLICIES[policy](random(seed, OWN_CHANCE))) : new Fleet()
}

export async function measure(
  scenario: Scenario,
  plan: ScenarioPlan,
  { seed, policy }: { seed: number; policy: string }
): Promise<SelectionRun> {
  const record = await simulate(scenario, plan, { seed, fleet: () => knownBy(policy, seed) })
  const { latencyMs, answered, queries, tasksPerQuery, runs, wastedRuns } = runFigures(record, scenario)
  return {
    p50: latencyMs.p50,
    p99: latencyMs.p99,
    answered: answered / queries,
    tasksPerQuery,
    wastedRuns: wastedRuns / runs
  }
}
