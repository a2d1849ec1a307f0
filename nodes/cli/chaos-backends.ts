import path from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type ModelUnderTest,
  planName,
  runScenario,
  type Scenario,
  type ScenarioReport,
  simulate,
  timedModel
} from '../../src/simulation/index.ts'
import { type Fidelity, fidelity } from '../chaos/fit.ts'
import { areOf, exitShares, figuresByPlan, modelsOf } from '../chaos/plan-companions.ts'
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
 * The model of a scenario, which really runs, and the companions of its plans.
 *
 * @throws {UsageError} only one of model and data is given
 */
function chaosModel(
  { model: asked, data, labels }: ChaosModelOptions,
  { file, companions }: LibraryEntry
): Promise<OnnxModelUnderTest> {
  if (asked === undefined && data === undefined && labels === undefined) {
    const [lenet5, images, classes] = ['lenet5.onnx', 'test-images.npy', 'test-labels.npy'].map(name => DIGITS + name)
    return onnxUnderTest({ model: file ?? lenet5, data: images, labels: classes, companions })
  }
  if (asked === undefined || data === undefined) {
    throw new UsageError('a model needs queries: give --model <file.onnx> and --data <file.npy>')
  }
  return onnxUnderTest({ model: asked, data, labels, companions })
}

/** Uses the model of a scenario, and stops it. */
export async function withModel<T>(
  options: ChaosModelOptions,
  entry: LibraryEntry,
  use: (model: OnnxModelUnderTest) => Promise<T>
): Promise<T> {
  const model = await chaosModel(options, entry)
  try {
    return await use(model)
  } finally {
    await model.stop()
  }
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
    run: plan => simulate(scenario, plan, { seed, model: model ?? underTest(entry) })
  })
}

function underTest({ scenario, profile, companions }: LibraryEntry): ModelUnderTest {
  return timedModel(scenario.model, { profile, companions: figuresByPlan(companions) })
}

function measuredIn({ scenario, profile }: LibraryEntry): string | undefined {
  const named = scenario.plans.flatMap(({ student, description, exits, parity }) => [
    student,
    description,
    exits,
    parity
  ])
  const files = [...(scenario.model.accuracy ?? []), ...named.flatMap(companion => companion?.profile ?? [])]
  const names = new Set(files.map(file => path.basename(file)))
  return profile && `${[...names].join(', ')} (${plural(profile.calibration.heldBack, 'group')} held back)`
}

/** The scenario without plans whose companions are of another model than the one that runs. */
function fitting({ scenario, companions }: LibraryEntry, { id }: ModelUnderTest): Scenario {
  const plans = scenario.plans.filter(plan => {
    const known = companions.get(plan)
    const fits = known === undefined || areOf(known, id)
    if (!fits) {
      console.error(`${scenario.name}: left out ${planName(plan)}, whose companions are of another model`)
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
  return withFleet({ scenario, companions: entry.companions, model, seed, signal }, init =>
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
  return withFleet({ scenario, companions: entry.companions, model, seed, signal }, async init => {
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

/** @throws {ScenarioError} the master would not take a plan: told before any machine starts */
async function withFleet<T>(init: FleetUse, use: (init: RealRunInit) => Promise<T>): Promise<T> {
  const { scenario, companions, model, seed, signal } = init
  for (const plan of scenario.plans) model.check(plan)
  const models = [{ name: model.model.name, path: model.file }, ...modelsOf(companions, 'served')]
  const exits = new Map([...companions.values()].flatMap(known => [...exitShares(known.exits)]))
  const machines = scenario.fleet.reduce((sum, { count }) => sum + count, 0)
  const start = (started?: (count: number) => void): Promise<RealFleet> =>
    RealFleet.start({ scenario, seed, models, exits, signal, started })
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
