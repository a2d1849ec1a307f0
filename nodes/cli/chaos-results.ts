import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { INVARIANTS, type ScenarioReport } from '../../src/simulation/index.ts'
import type { Fidelity } from '../chaos/fit.ts'
import { type Environment, environment } from '../environment.ts'
import { OutputFileError } from './errors.ts'
import { EXIT } from './exit-codes.ts'

/** The figures of chaos runs, and where they come from. Simulated figures are the same for the same seed. */
export interface ChaosResults {
  environment: Environment
  scenarios: ScenarioReport[]
  /** How well the simulator predicts real runs. */
  fidelity: Fidelity[]
  /** Why figures are missing that were asked for. */
  failures?: string[]
}

export async function resultsOf(
  { scenarios = [], fidelity = [], failures = [] }: Partial<ChaosResults>,
  startedAt: Date
): Promise<ChaosResults> {
  return { environment: await environment(startedAt), scenarios, fidelity, ...(failures.length > 0 && { failures }) }
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

/** Prints results, or writes them, or both. */
export async function hand(results: ChaosResults, { out, json }: { out?: string; json?: true }): Promise<void> {
  const text = JSON.stringify(results, undefined, 2)
  if (json) {
    console.log(text)
  }
  if (out !== undefined) {
    await write(out, `${text}\n`)
  }
}

/** Says on stderr what broke, and sees to the exit code. */
export function complain(reports: readonly ScenarioReport[]): void {
  for (const { scenario, plans } of reports) {
    for (const { plan, violations } of plans) {
      for (const { invariant, at, what } of violations) {
        console.error(`${scenario.name}, ${plan}, ${at.toFixed(1)} ms: broken: ${INVARIANTS[invariant]}: ${what}`)
        process.exitCode = EXIT.incomplete
      }
    }
  }
}
