import type { ScenarioReport } from '../../src/simulation/index.ts'
import type { Fidelity } from '../chaos/fit.ts'
import type { ChaosFitOptions, ChaosListOptions, ChaosRunOptions } from './chaos.ts'
import { fitted, real, simulated, withModel } from './chaos-backends.ts'
import { findScenario, type LibraryEntry, scenarioNames } from './chaos-library.ts'
import { complain, hand, resultsOf } from './chaos-results.ts'
import { fidelityText, reportText } from './chaos-text.ts'
import { interruptible } from './interruption.ts'
import { table } from './table.ts'

export async function list({ json }: ChaosListOptions): Promise<void> {
  const entries = await Promise.all((await scenarioNames()).map(findScenario))
  const scenarios = entries.map(({ scenario }) => scenario)
  if (json) {
    console.log(JSON.stringify(scenarios, undefined, 2))
    return
  }
  const rows = scenarios.map(({ name, fleet, faults = [], title }) => [
    name,
    String(fleet.reduce((sum, { count }) => sum + count, 0)),
    [...new Set(faults.map(({ kind }) => kind))].join(', ') || '–',
    title
  ])
  console.log(
    table([{ title: 'scenario' }, { title: 'machines', align: 'right' }, { title: 'faults' }, { title: '' }], rows)
  )
}

export async function run(asked: readonly string[], options: ChaosRunOptions): Promise<void> {
  const startedAt = new Date()
  const entries = await Promise.all(asked.map(findScenario))
  const scenarios: ScenarioReport[] = []
  await interruptible(async signal => {
    for (const entry of entries) {
      const report = await runOne(entry, options, signal)
      scenarios.push(report)
      if (!options.json) {
        console.log(`${scenarios.length > 1 ? '\n' : ''}${reportText(report)}`)
      }
    }
  })
  await hand(await resultsOf({ scenarios }, startedAt), options)
  complain(scenarios)
}

function runOne(entry: LibraryEntry, options: ChaosRunOptions, signal: AbortSignal): Promise<ScenarioReport> {
  const { seed } = options
  if (options.real) {
    return withModel(options, entry, model => real(entry, model, signal, seed))
  }
  return options.model || options.data
    ? withModel(options, entry, model => simulated(entry, seed, model))
    : simulated(entry, seed)
}

/** Fits the simulator on a real run, and tells how well it predicts another. */
export async function fit(asked: readonly string[], options: ChaosFitOptions): Promise<void> {
  const startedAt = new Date()
  const entries = await Promise.all(asked.map(findScenario))
  const fidelity: Fidelity[] = []
  await interruptible(async signal => {
    for (const entry of entries) {
      fidelity.push(...(await withModel(options, entry, model => fitted(entry, model, signal, options.seed))))
    }
  })
  if (!options.json) {
    console.log(fidelityText(fidelity))
  }
  await hand(await resultsOf({ fidelity }, startedAt), options)
}
