import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Profile } from '../../src/codes/index.ts'
import { readScenario, type Scenario } from '../../src/simulation/index.ts'
import type { CompanionsByPlan } from '../chaos/plan-companions.ts'
import { readCompanions } from './chaos-companions.ts'
import { UsageError } from './errors.ts'
import { readProfiles, readText } from './profiles.ts'

/** Where the scenarios are that come with the package. */
const LIBRARY = fileURLToPath(new URL('scripts/chaos/scenarios/', import.meta.resolve('splinemesh/package.json')))

/** A scenario, and what its figures need besides. */
export interface LibraryEntry {
  scenario: Scenario
  /** How accurate predictions of its model are, if it says where that was measured. */
  profile: Profile | undefined
  companions: CompanionsByPlan
  /** The .onnx file that it names, if it does. */
  file: string | undefined
}

/** The names of the scenarios in the library. */
export async function scenarioNames(): Promise<string[]> {
  const files = await readdir(LIBRARY)
  return files.filter(file => file.endsWith('.yaml')).map(file => path.basename(file, '.yaml'))
}

/**
 * Reads a scenario: one of the library by its name, or a file.
 *
 * @throws {UsageError} the library has none of this name
 * @throws {InputFileError} a file cannot be read
 * @throws {ScenarioError | InvalidProfileError} a file is wrong
 * @throws as {@link readCompanions}
 */
export async function findScenario(asked: string): Promise<LibraryEntry> {
  const file = /[/.\\]/.test(asked) ? asked : path.join(LIBRARY, `${asked}.yaml`)
  if (file !== asked && !(await scenarioNames()).includes(asked)) {
    throw new UsageError(
      `there is no scenario '${asked}': take one of ${(await scenarioNames()).join(', ')}, or a file`
    )
  }
  const text = await readText(file, 'scenario')
  const scenario = readScenario(text, path.relative('.', file))
  const beside = (name: string): string => path.resolve(path.dirname(file), name)
  const profiles = scenario.model.accuracy?.map(beside)
  const model = scenario.model.file
  return {
    scenario,
    profile: profiles && (await readProfiles(profiles)),
    companions: await readCompanions(scenario.plans, path.dirname(file)),
    file: model && beside(model)
  }
}
