import type { ScenarioReport } from '../../src/simulation/index.ts'
import type { Fidelity } from '../chaos/fit.ts'
import type { ChaosFitOptions, ChaosListOptions, ChaosRunOptions } from './chaos.ts'
import { chaosModel, fitted, real, simulated } from './chaos-backends.ts'
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
  const model = options.real || options.model || options.data ? await chaosModel(options, entries) : undefined
  const scenarios: ScenarioReport[] = []
  try {
    await interruptible(async signal => {
      for (const entry of entries) {
        const report =
          options.real && model
            ? await real(entry, model, signal, options.seed)
            : await simulated(entry, options.seed, model)
        scenarios.push(report)
        if (!options.json) {
          console.log(`${scenarios.length > 1 ? '\n' : ''}${reportText(report)}`)
        }
      }
    })
  } finally {
    await model?.stop()
  }
  await hand(await resultsOf({ scenarios }, startedAt), options)
  complain(scenarios)
}

/** Fits the simulator on a real run, and tells how well it predicts another. */
export async function fit(asked: readonly string[], options: ChaosFitOptions): Promise<void> {
  const startedAt = new Date()
  const entries = await Promise.all(asked.map(findScenario))
  const model = await chaosModel(options, entries)
  try {
    const fidelity = await interruptible(signal => fitAll(entries, model, signal, options.seed))
    if (!options.json) {
      console.log(fidelityText(fidelity))
    }
    await hand(await resultsOf({ fidelity }, startedAt), options)
  } finally {
    await model.stop()
  }
}

async function fitAll(
  entries: readonly LibraryEntry[],
  model: Awaited<ReturnType<typeof chaosModel>>,
  signal: AbortSignal,
  seed: number | undefined
): Promise<Fidelity[]> {
  const found: Fidelity[] = []
  for (const entry of entries) {
    found.push(...(await fitted(entry, model, signal, seed)))
  }
  return found
}
