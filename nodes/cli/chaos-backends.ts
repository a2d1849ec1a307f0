import path from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type ModelUnderTest,
  planName,
  runScenario,
  type Scenario,
  type ScenarioReport,
  type StudentUnderTest,
  simulate,
  timedModel
} from '../../src/simulation/index.ts'
import { type Fidelity, fidelity } from '../chaos/fit.ts'
import { RealFleet } from '../chaos/real-fleet.ts'
import { type RealRunInit, rehearse, runReal } from '../chaos/run-real.ts'
import type { ChaosModelOptions } from './chaos.ts'
import type { LibraryEntry } from './chaos-library.ts'
import { type OnnxModelUnderTest, onnxUnderTest } from './chaos-model.ts'
import { UsageError } from './errors.ts'
import { withSteps } from './progress.ts'
import { plural } from './quantities.ts'

/** The model that real processes run if no other is asked for, in a checkout. */
const DIGITS = fileURLToPath(new URL('scripts/models/digits/', import.meta.resolve('splinemesh/package.json')))

/**
 * A model that really runs, and the students of these scenarios.
 *
 * @throws {UsageError} only one of model and data is given
 */
export function chaosModel(
  { model, data, labels }: ChaosModelOptions,
  entries: readonly LibraryEntry[]
): Promise<OnnxModelUnderTest> {
  const companions = new Map(
    entries.flatMap(({ students }) => [...students.values()].map(({ model }) => [model.path, model]))
  )
  const asked = { companions: [...companions.values()] }
  if (model === undefined && data === undefined && labels === undefined) {
    const [file, images, classes] = ['lenet5.onnx', 'test-images.npy', 'test-labels.npy'].map(name => DIGITS + name)
    return onnxUnderTest({ model: file, data: images, labels: classes, ...asked })
  }
  if (model === undefined || data === undefined) {
    throw new UsageError('a model needs queries: give --model <file.onnx> and --data <file.npy>')
  }
  return onnxUnderTest({ model, data, labels, ...asked })
}

/** A scenario on a virtual clock; with `model` it runs (full mode), else what it is worth was measured before (timing mode). */
export function simulated(
  entry: LibraryEntry,
  seed = entry.scenario.seed ?? 1,
  model?: OnnxModelUnderTest
): Promise<ScenarioReport> {
  const scenario = model ? fitting(entry, model) : entry.scenario
  return runScenario(scenario, {
    backend: 'simulated',
    seed,
    accuracyFrom: model ? ran(model) : measuredIn(entry),
    run: plan => simulate(scenario, plan, { seed, model: underTest(entry, model) })
  })
}

function underTest({ scenario, profile, students }: LibraryEntry, model?: OnnxModelUnderTest): ModelUnderTest {
  const profiles = new Map([...students].map(([file, { profile }]) => [file, profile]))
  if (model === undefined) {
    return timedModel(scenario.model, { profile, students: profiles })
  }
  const student = (file: string): StudentUnderTest | undefined => {
    const known = profiles.get(file)
    return known && model.studentOf(known)
  }
  return { ...model, student }
}

function measuredIn({ scenario, profile, students }: LibraryEntry): string | undefined {
  const files = [...(scenario.model.accuracy ?? []), ...students.keys()].map(file => path.basename(file))
  return profile && `${files.join(', ')} (${plural(profile.calibration.heldBack, 'group')} held back)`
}

/** The scenario without plans whose student is of another model than the one that runs. */
function fitting({ scenario, students }: LibraryEntry, model: OnnxModelUnderTest): Scenario {
  const plans = scenario.plans.filter(plan => {
    const profile = plan.student && students.get(plan.student.profile)?.profile
    const fits = profile === undefined || model.studentOf(profile) !== undefined
    if (!fits) {
      console.error(`${scenario.name}: left out ${planName(plan)}, whose student is of another model`)
    }
    return fits
  })
  return { ...scenario, plans }
}

/** A scenario on processes of this computer. */
export function real(
  entry: LibraryEntry,
  model: OnnxModelUnderTest,
  signal: AbortSignal,
  seed = entry.scenario.seed ?? 1
): Promise<ScenarioReport> {
  const scenario = fitting(entry, model)
  return withFleet({ scenario, students: entry.students, model, seed, signal }, init =>
    runScenario(scenario, { backend: 'real', seed, accuracyFrom: ran(model), run: plan => runReal(plan, init) })
  )
}

/** How well the simulator predicts a scenario, for each of its plans. */
export function fitted(
  entry: LibraryEntry,
  model: OnnxModelUnderTest,
  signal: AbortSignal,
  seed = entry.scenario.seed ?? 1
): Promise<Fidelity[]> {
  const scenario = fitting(entry, model)
  return withFleet({ scenario, students: entry.students, model, seed, signal }, async init => {
    const found: Fidelity[] = []
    for (const plan of scenario.plans) {
      found.push(await fidelity(plan, init))
    }
    return found
  })
}

function ran({ model }: OnnxModelUnderTest): string {
  return `${model.name}, which ran`
}

type FleetUse = Omit<RealRunInit, 'fleet' | 'model'> & { model: OnnxModelUnderTest }

async function withFleet<T>(init: FleetUse, use: (init: RealRunInit) => Promise<T>): Promise<T> {
  const { scenario, model, seed, signal } = init
  const machines = scenario.fleet.reduce((sum, { count }) => sum + count, 0)
  const start = (started?: (count: number) => void): Promise<RealFleet> =>
    RealFleet.start({ scenario, seed, model: { name: model.model.name, path: model.file }, signal, started })
  const fleet = process.stderr.isTTY
    ? await withSteps(progress => start(count => progress(count, machines)), 'machines serve')
    : await start()
  try {
    const played = { ...init, fleet }
    await rehearse(scenario.plans, played)
    return await use(played)
  } finally {
    await fleet.stop()
  }
}
