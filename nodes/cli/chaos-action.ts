import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { INVARIANTS, runScenario, type ScenarioReport, simulate, timedModel } from '../../src/simulation/index.ts'
import { environment } from '../environment.ts'
import type { ChaosListOptions, ChaosRunOptions } from './chaos.ts'
import { findScenario, type LibraryEntry, scenarioNames } from './chaos-library.ts'
import { reportText } from './chaos-text.ts'
import { OutputFileError } from './errors.ts'
import { EXIT } from './exit-codes.ts'
import { plural } from './quantities.ts'
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

export async function run(asked: readonly string[], { seed, out, json }: ChaosRunOptions): Promise<void> {
  const startedAt = new Date()
  const entries = await Promise.all(asked.map(findScenario))
  const reports: ScenarioReport[] = []
  for (const entry of entries) {
    const report = await simulated(entry, seed)
    reports.push(report)
    if (!json) {
      console.log(`${reports.length > 1 ? '\n' : ''}${reportText(report)}`)
    }
  }
  const written = JSON.stringify({ environment: await environment(startedAt), scenarios: reports }, undefined, 2)
  if (json) {
    console.log(written)
  }
  if (out !== undefined) {
    await write(out, `${written}\n`)
  }
  complain(reports)
}

function simulated({ scenario, profile }: LibraryEntry, asked: number | undefined): Promise<ScenarioReport> {
  const seed = asked ?? scenario.seed ?? 1
  return runScenario(scenario, {
    backend: 'simulated',
    seed,
    accuracyFrom:
      profile &&
      `${scenario.model.accuracy?.join(', ')}, measured on ${plural(profile.calibration.heldBack, 'group')} held back`,
    run: plan => simulate(scenario, plan, { seed, model: timedModel(scenario.model, profile) })
  })
}

/** @throws {OutputFileError} it cannot be written */
export async function write(file: string, text: string): Promise<void> {
  try {
    await mkdir(path.dirname(file), { recursive: true })
    await writeFile(file, text)
  } catch (cause) {
    throw new OutputFileError(`cannot write ${file}: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
}

function complain(reports: readonly ScenarioReport[]): void {
  for (const { scenario, plans } of reports) {
    for (const { plan, violations } of plans) {
      for (const { invariant, at, what } of violations) {
        console.error(`${scenario.name}, ${plan}, ${at.toFixed(1)} ms: broken: ${INVARIANTS[invariant]}: ${what}`)
        process.exitCode = EXIT.incomplete
      }
    }
  }
}
