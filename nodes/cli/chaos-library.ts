import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Profile } from '../../src/codes/index.ts'
import { readScenario, type Scenario } from '../../src/simulation/index.ts'
import { UsageError } from './errors.ts'
import { readProfiles, readText } from './profiles.ts'
import { type ReadStudent, readStudent } from './students.ts'

/** Where the scenarios are that come with the package. */
const LIBRARY = fileURLToPath(new URL('scripts/chaos/scenarios/', import.meta.resolve('splinemesh/package.json')))

/** A scenario, and what its figures need besides. */
export interface LibraryEntry {
  scenario: Scenario
  /** How accurate predictions of its model are, if it says where that was measured. */
  profile: Profile | undefined
  /** The students of its plans, by the files that these name. */
  students: ReadonlyMap<string, ReadStudent>
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
 * @throws {ScenarioError | InvalidProfileError | InvalidStudentProfileError} a file is wrong
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
  const students = new Map<string, ReadStudent>()
  for (const name of new Set(scenario.plans.flatMap(({ student }) => student?.profile ?? []))) {
    students.set(name, await readStudent(beside(name)))
  }
  return { scenario, profile: profiles && (await readProfiles(profiles)), students }
}
