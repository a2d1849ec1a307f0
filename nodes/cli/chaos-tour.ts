import path from 'node:path'
import type { ScenarioReport } from '../../src/simulation/index.ts'
import type { Fidelity } from '../chaos/fit.ts'
import type { ChaosTourOptions } from './chaos.ts'
import { fitted, real, simulated, withModel } from './chaos-backends.ts'
import { reportHtml } from './chaos-html.ts'
import { findScenario } from './chaos-library.ts'
import { complain, hand, resultsOf, write } from './chaos-results.ts'
import { fidelityText, reportText } from './chaos-text.ts'
import { interruptible } from './interruption.ts'

const SIMULATED = ['ten-percent-slow', 'flash-crowd', 'rack-loss']
const REAL = 'twelve-processes'
const FITTED = 'calm-light'

/** Three scenarios in the simulator, one on real processes, how well the one predicts the other, and a page of it all. */
export async function tour({ out }: ChaosTourOptions): Promise<void> {
  const startedAt = new Date()
  const scenarios: ScenarioReport[] = []
  const show = (report: ScenarioReport): void => {
    scenarios.push(report)
    console.log(`${reportText(report)}\n`)
  }
  for (const name of SIMULATED) {
    show(await simulated(await findScenario(name)))
  }
  let fidelity: Fidelity[] = []
  const tell = async (failures: string[]): Promise<void> => {
    const results = await resultsOf({ scenarios, fidelity, failures }, startedAt)
    await hand(results, { out: path.join(out, 'tour.json') })
    const page = path.join(out, 'report.html')
    await write(page, reportHtml(results))
    console.log(`${page} shows it all; splinemesh chaos list names the other scenarios`)
    complain(scenarios)
  }
  try {
    fidelity = await onProcesses(show)
  } catch (error) {
    // What was simulated is worth a page all the same.
    await tell([`the part on real processes ended early: ${error instanceof Error ? error.message : error}`])
    throw error
  }
  console.log(`${fidelityText(fidelity)}\n`)
  await tell([])
}

async function onProcesses(show: (report: ScenarioReport) => void): Promise<Fidelity[]> {
  const [played, fit] = await Promise.all([REAL, FITTED].map(findScenario))
  return interruptible(async signal => {
    show(await withModel({}, played, model => real(played, model, signal)))
    return withModel({}, fit, model => fitted(fit, model, signal))
  })
}
