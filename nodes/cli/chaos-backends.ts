import { fileURLToPath } from 'node:url'
import { runScenario, type ScenarioReport, simulate, timedModel } from '../../src/simulation/index.ts'
import { type Fidelity, fidelity } from '../chaos/fit.ts'
import { RealFleet } from '../chaos/real-fleet.ts'
import { type RealRunInit, runReal } from '../chaos/run-real.ts'
import type { ChaosModelOptions } from './chaos.ts'
import type { LibraryEntry } from './chaos-library.ts'
import { type OnnxModelUnderTest, onnxUnderTest } from './chaos-model.ts'
import { UsageError } from './errors.ts'
import { withSteps } from './progress.ts'
import { plural } from './quantities.ts'

/** The model that real processes run if no other is asked for, in a checkout. */
const DIGITS = fileURLToPath(new URL('scripts/models/digits/', import.meta.resolve('splinemesh/package.json')))

/**
 * A model that really runs.
 *
 * @throws {UsageError} only one of model and data is given
 */
export function chaosModel({ model, data, labels }: ChaosModelOptions): Promise<OnnxModelUnderTest> {
  if (model === undefined && data === undefined && labels === undefined) {
    const [file, images, classes] = ['lenet5.onnx', 'test-images.npy', 'test-labels.npy'].map(name => DIGITS + name)
    return onnxUnderTest({ model: file, data: images, labels: classes })
  }
  if (model === undefined || data === undefined) {
    throw new UsageError('a model needs queries: give --model <file.onnx> and --data <file.npy>')
  }
  return onnxUnderTest({ model, data, labels })
}

/** A scenario on a virtual clock; with `model` it runs (full mode), else what it is worth was measured before (timing mode). */
export function simulated(
  { scenario, profile }: LibraryEntry,
  seed = scenario.seed ?? 1,
  model?: OnnxModelUnderTest
): Promise<ScenarioReport> {
  const measured =
    profile &&
    `${scenario.model.accuracy?.join(', ')}, measured on ${plural(profile.calibration.heldBack, 'group')} held back`
  return runScenario(scenario, {
    backend: 'simulated',
    seed,
    accuracyFrom: model ? ran(model) : measured,
    run: plan => simulate(scenario, plan, { seed, model: model ?? timedModel(scenario.model, profile) })
  })
}

/** A scenario on processes of this computer. */
export function real(
  { scenario }: LibraryEntry,
  model: OnnxModelUnderTest,
  signal: AbortSignal,
  seed = scenario.seed ?? 1
): Promise<ScenarioReport> {
  return withFleet({ scenario, model, seed, signal }, init =>
    runScenario(scenario, { backend: 'real', seed, accuracyFrom: ran(model), run: plan => runReal(plan, init) })
  )
}

/** How well the simulator predicts a scenario, for each of its plans. */
export function fitted(
  { scenario }: LibraryEntry,
  model: OnnxModelUnderTest,
  signal: AbortSignal,
  seed = scenario.seed ?? 1
): Promise<Fidelity[]> {
  return withFleet({ scenario, model, seed, signal }, async init => {
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
    return await use({ ...init, fleet })
  } finally {
    await fleet.stop()
  }
}
