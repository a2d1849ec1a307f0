import path from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { stringify } from 'yaml'
import {
  INVARIANTS,
  type RunRecord,
  randomScenario,
  type Scenario,
  shrink,
  simulate,
  type Violation
} from '../../src/simulation/index.ts'
import type { ChaosReplayOptions, ChaosSoakOptions } from './chaos.ts'
import { findScenario } from './chaos-library.ts'
import { write } from './chaos-results.ts'
import { EXIT } from './exit-codes.ts'
import { interruptible } from './interruption.ts'
import { plural } from './quantities.ts'

/** How many scenarios pass before it says so. */
const TOLD = 1000

/** Runs a scenario again: a random one by its seed, or from a file. */
export async function replay(asked: string, { json }: ChaosReplayOptions): Promise<void> {
  const scenario = /^\d+$/.test(asked) ? randomScenario(Number(asked)) : (await findScenario(asked)).scenario
  const broken: Array<Violation & { plan: number }> = []
  for (const [i, plan] of scenario.plans.entries()) {
    const { violations } = await simulate(scenario, plan)
    broken.push(...violations.map(violation => ({ plan: i, ...violation })))
  }
  console.log(json ? JSON.stringify({ scenario, broken }, undefined, 2) : stringify(scenario))
  for (const violation of broken) {
    console.error(sentence(violation))
  }
  if (broken.length > 0) {
    process.exitCode = EXIT.incomplete
  } else if (!json) {
    console.log('every invariant held')
  }
}

/** Runs random scenarios, and shrinks the first one that breaks. */
export function soak({ seed: first, scenarios = Infinity, minutes = Infinity, out }: ChaosSoakOptions): Promise<void> {
  return interruptible(async signal => {
    const until = performance.now() + 60_000 * minutes
    let [done, queries] = [0, 0]
    while (done < scenarios && performance.now() < until && !signal.aborted) {
      const scenario = randomScenario(first + done)
      const record = await simulate(scenario, scenario.plans[0])
      const [violation] = record.violations
      if (violation !== undefined) {
        return tellBroken(scenario, violation, out)
      }
      done++
      queries += record.queries.length
      if (done % TOLD === 0) {
        console.log(`${done} scenarios, ${queries} queries so far; next: seed ${first + done}`)
      }
      // Nothing here waits for the world: signals need a turn of their own.
      await setImmediate()
    }
    console.log(`${plural(done, 'scenario')} from seed ${first} on, ${queries} queries: every invariant held`)
    signal.throwIfAborted()
  })
}

async function tellBroken(scenario: Scenario, violation: Violation, out: string): Promise<void> {
  process.exitCode = EXIT.incomplete
  console.error(`seed ${scenario.seed}: ${sentence(violation)}`)
  console.error(`again: splinemesh chaos replay ${scenario.seed}`)
  const run = (smaller: Scenario): Promise<RunRecord> => simulate(smaller, smaller.plans[0])
  const shrunk = await shrink(scenario, violation.invariant, run)
  const file = path.join(out, `${scenario.name}.yaml`)
  await write(file, stringify(shrunk.scenario))
  console.error(`made smaller in ${plural(shrunk.runs, 'run')}: splinemesh chaos replay ${file}`)
}

function sentence({ invariant, at, what }: Violation): string {
  return `broken at ${at.toFixed(1)} ms: ${INVARIANTS[invariant]}: ${what}`
}
