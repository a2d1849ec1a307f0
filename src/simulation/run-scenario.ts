import { type RunFigures, runFigures } from './figures.ts'
import { planName } from './plan.ts'
import type { RunRecord } from './run-record.ts'
import type { Scenario, ScenarioPlan } from './scenario.ts'

/** Where a report comes from: a virtual clock, which repeats itself, or real processes, whose times are statistics. */
export type Backend = 'simulated' | 'real'

export interface PlanReport extends RunFigures, Pick<RunRecord, 'violations' | 'stalled'> {
  plan: string
  code: string
  k: number
  n: number
}

/** What came of a scenario. The same seed gives the same report, byte for byte as JSON, when it is simulated. */
export interface ScenarioReport {
  scenario: Scenario
  seed: number
  backend: Backend
  machines: number
  /** Where accuracies are from; absent where none are known. */
  accuracyFrom?: string
  plans: PlanReport[]
}

export interface RunScenarioInit {
  backend: Backend
  seed: number
  accuracyFrom?: string
  /** Runs one plan: {@link simulate}, or on real processes. */
  run(plan: ScenarioPlan): Promise<RunRecord>
}

/** Runs every plan of a scenario, one after the other, each on the same fleet with the same faults. */
export async function runScenario(scenario: Scenario, init: RunScenarioInit): Promise<ScenarioReport> {
  const { backend, seed, accuracyFrom, run } = init
  const plans: PlanReport[] = []
  for (const plan of scenario.plans) {
    const record = await run(plan)
    const { code, k, n } = plan
    const { violations, stalled } = record
    const figures = runFigures(record, scenario)
    plans.push({ plan: planName(plan), code, k, n, ...figures, violations, ...(stalled !== undefined && { stalled }) })
  }
  const machines = scenario.fleet.reduce((sum, { count }) => sum + count, 0)
  return { scenario, seed, backend, machines, ...(accuracyFrom && { accuracyFrom }), plans }
}
