import type { Invariant } from './invariants.ts'
import type { RunRecord } from './run-record.ts'
import type { Scenario } from './scenario.ts'

/** Runs at most, however much there is left to try: a minimal scenario is worth minutes, not hours. */
const MOST_RUNS = 500

/** What {@link shrink} found. */
export interface Shrunk {
  scenario: Scenario
  /** How often it ran one to get there. */
  runs: number
}

/**
 * Makes a scenario in which an invariant breaks as small as it can, so that a person sees why: it leaves out faults, machines, and most
 * of what is asked, one after the other, and keeps each step after which the same invariant still breaks (a greedy form of delta
 * debugging: Zeller and Hildebrandt, 2002).
 *
 * @param run what {@link simulate} does, for its one plan
 */
export async function shrink(
  scenario: Scenario,
  invariant: Invariant,
  run: (scenario: Scenario) => Promise<RunRecord>
): Promise<Shrunk> {
  let smallest = scenario
  let runs = 0
  const breaks = async (candidate: Scenario): Promise<boolean> => {
    runs++
    const { violations } = await run(candidate)
    return violations.some(violation => violation.invariant === invariant)
  }
  for (let shrinking = true; shrinking; ) {
    shrinking = false
    for (const candidate of smaller(smallest)) {
      if (runs >= MOST_RUNS) {
        break
      }
      if (await breaks(candidate)) {
        smallest = candidate
        shrinking = true
        break
      }
    }
  }
  return { scenario: smallest, runs }
}

/** One step smaller each, the greatest steps first. */
function* smaller(scenario: Scenario): Generator<Scenario> {
  const { faults = [], fleet, workload } = scenario
  if (faults.length > 1) {
    yield { ...scenario, faults: [] }
  }
  for (let i = 0; i < faults.length; i++) {
    yield { ...scenario, faults: faults.toSpliced(i, 1) }
  }
  if (workload.length > 1) {
    yield { ...scenario, workload: { ...workload, length: Math.ceil(workload.length / 2) } }
  }
  for (let i = 0; i < fleet.length; i++) {
    const { count, name } = fleet[i]
    const wanted = faults.flatMap(({ on }) => (on?.machines === name ? (on.count ?? 1) : []))
    if (fleet.length > 1 && wanted.length === 0) {
      yield { ...scenario, fleet: fleet.toSpliced(i, 1) }
    }
    const half = Math.max(1, Math.floor(count / 2), ...wanted)
    if (half < count) {
      yield { ...scenario, fleet: fleet.with(i, { ...fleet[i], count: half }) }
    }
  }
  const { batch = 1 } = workload
  if (batch > 1) {
    yield { ...scenario, workload: { ...workload, batch: Math.floor(batch / 2) } }
  }
  for (let i = 0; i < faults.length; i++) {
    const { at = 0, for: lasts = 0 } = faults[i]
    if (at > 1) {
      yield { ...scenario, faults: faults.with(i, { ...faults[i], at: Math.floor(at / 2) }) }
    }
    if (lasts > 1) {
      yield { ...scenario, faults: faults.with(i, { ...faults[i], for: Math.floor(lasts / 2) }) }
    }
  }
}
