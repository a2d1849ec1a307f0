import path from 'node:path'
import { codeFamily, formatProfile } from '../../src/codes/index.ts'
import type { Model } from '../../src/models/index.ts'
import { onnxExecutor } from '../../src/runtime/index.ts'
import { type CalibrateInit, type Calibration, calibrate as learn } from '../calibrate.ts'
import { meshExecutor } from '../mesh-executor.ts'
import { askedModel } from './asked-model.ts'
import type { CalibrateCommandOptions } from './calibrate.ts'
import { calibrateCompanions } from './calibrate-companions.ts'
import { calibrateModelExits } from './calibrate-model-exits.ts'
import { describeShrunk } from './calibrate-shrunk-description.ts'
import { calibrateStudentModel } from './calibrate-student-model.ts'
import { calibrationText } from './calibration-text.ts'
import { UsageError } from './errors.ts'
import { askerOf } from './fleet.ts'
import { type NamedQuery, npyQueries, readClasses, readInputs } from './inputs.ts'
import { interruptible } from './interruption.ts'
import { withSteps } from './progress.ts'
import { reach } from './reach.ts'
import { saveText } from './save.ts'

/** Calibrates a model, writes its profile, and prints what it is worth. */
export async function calibrate(options: CalibrateCommandOptions): Promise<void> {
  if (options.student !== undefined) {
    await calibrateStudentModel(options, options.student)
    return
  }
  if (options.description) {
    await describeShrunk(options)
    return
  }
  if (options.exits !== undefined) {
    await calibrateModelExits(options, options.exits)
    return
  }
  if (options.parity !== undefined || options.mosaic !== undefined) {
    await calibrateCompanions(options)
    return
  }
  const plans = plansOf(options)
  const [inputs, labels] = await Promise.all([
    readInputs([options.data]),
    options.labels === undefined ? undefined : readClasses(options.labels)
  ])
  const onWorkers = options.peer !== undefined || options.mdns === true
  const calibration = await interruptible(signal =>
    (onWorkers ? withWorkers : withFile)(options, signal, async (executor, model) => {
      const data = npyQueries(inputs, model).map(({ tensor }: NamedQuery) => tensor)
      const { groups, seed, output, outputs } = options
      const asked = { plans, groups, seed, output, outputs }
      return shown({ executor, model: model.id, data, labels, ...asked, signal }, options)
    })
  )
  const out = options.out ?? `${path.basename(options.model, '.onnx')}.profile.json`
  await saveText(out, formatProfile(calibration.profile))
  console.log(options.json ? calibrationJson(calibration, out) : calibrationText(calibration, out))
}

type Use = (executor: CalibrateInit['executor'], model: Model) => Promise<Calibration>

/** The model of a file, on this machine. */
async function withFile({ model: file, threads }: CalibrateCommandOptions, _: AbortSignal, use: Use) {
  const executor = onnxExecutor({ models: [{ name: path.basename(file, '.onnx'), path: file }], threads })
  try {
    await executor.start()
    const [model] = executor.models
    return await use(executor, model)
  } finally {
    await executor.stop()
  }
}

/** A model that workers serve, on all of them that are found. */
async function withWorkers(options: CalibrateCommandOptions, signal: AbortSignal, use: Use) {
  const [{ createPeer }, asked] = await Promise.all([import('../peer.ts'), askedModel(options.model)])
  const peer = await createPeer(await askerOf(options))
  try {
    const model = await reach(peer, asked, Infinity, options, signal)
    return await use(meshExecutor({ peer }), model)
  } finally {
    await peer.stop()
  }
}

/** A plan for each combination of k, n, code and layout; a code that does not exist is refused before anything is read. */
function plansOf({ k: ks = [], n: ns = [], code: names, order, systematic, ...options }: CalibrateCommandOptions) {
  const { lambdaEncode, lambdaDecode, degree } = options
  if (ks.length === 0 || ns.length === 0) {
    throw new UsageError('say how many queries, and how many coded queries, a group has: --k <n> --n <n>')
  }
  const choices = names.map(codeFamily).flatMap(({ name, layouts }) => {
    const also = layouts.includes('systematic') ? ([undefined, 'systematic'] as const) : [undefined]
    const wanted = systematic === 'also' ? also : [systematic && ('systematic' as const)]
    return wanted.map(layout => ({ name, lambdaEncode, lambdaDecode, degree, layout }))
  })
  return ks.flatMap(k =>
    ns.flatMap(n =>
      choices.map(code => {
        codeFamily(code.name).create({ ...code, k, n })
        return { k, n, code, order }
      })
    )
  )
}

/** The classes of a `.npy` file: whole numbers along one axis. */
async function shown(init: CalibrateInit, { json }: CalibrateCommandOptions): Promise<Calibration> {
  return json || !process.stderr.isTTY ? learn(init) : withSteps(progress => learn({ ...init, progress }))
}

function calibrationJson({ profile: { plans, ...profile }, scores }: Calibration, file: string) {
  const named = plans.map(({ moments: _, expected: __, reliability: ___, ...plan }) => plan)
  return JSON.stringify({ file, profile: { ...profile, plans: named }, scores })
}
