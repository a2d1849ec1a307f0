import { setImmediate } from 'node:timers/promises'
import { random, shuffled } from '../src/chance/index.ts'
import {
  type ChosenDecoder,
  codeFamily,
  type OrderKind,
  type Outputs,
  type Profile,
  profileCode
} from '../src/codes/index.ts'
import type { Executor } from '../src/runtime/index.ts'
import type { Tensor } from '../src/tensor/index.ts'
import { type AskedPlan, type CalibratedOne, calibratePlan, planSteps, type SurvivorScore } from './calibrate-plan.ts'
import { meanOf, outputsOf } from './calibration-choice.ts'
import { type Asked, type ModelRun, runAll } from './calibration-groups.ts'
import { ownAccuracy } from './calibration-score.ts'
import type { CodeChoice } from './coded-inference.ts'
import { InvalidOptionError } from './errors.ts'
import { checkQueries, chooseOutput, type Queries } from './queries.ts'
import { servedModel } from './served-model.ts'

export interface CalibrateInit {
  /** Runs the model; started, and left running. */
  executor: Pick<Executor, 'models' | 'slots' | 'run'>
  /** A name, `name@` and the first digits of an id, or an id of one of its models. It must have one input. */
  model: string
  /** Queries like those that will be asked, at least 4·k; not the ones that the model was trained on. */
  data: Queries
  /** The true class of each, to measure accuracy too. */
  labels?: readonly number[]
  /** At least one, no two alike; each is learned by itself. */
  plans: readonly PlanToCalibrate[]
  /** Groups that the moments are learned on; a third more are chosen on, as many are scored. @default 150 */
  groups?: number
  /** @default 1 */
  seed?: number
  /** @default 'logits' if there is one, else the first */
  output?: string
  /** What that output is. @default told by its name, whether predictions sum to 1, and whether there are labels */
  outputs?: Outputs
  signal?: AbortSignal
  /** Told after each group that was run, and each number of survivors that was scored. */
  progress?: (done: number, total: number) => void
}

export interface PlanToCalibrate {
  k: number
  n: number
  /** λ_e and λ_d that are given are not searched. @default 'nercc' */
  code?: CodeChoice
  /** @default 'path' */
  order?: OrderKind
  /** The code's own, or that of the learned second moments. @default that which errs less, by number of survivors */
  decoder?: ChosenDecoder['decoder']
}

export interface Calibration {
  profile: Profile
  /** For each plan of the profile, what both its decoders are worth, for each number of survivors from 1 on. */
  scores: SurvivorScore[][]
}

/** Predictions that tell what kind of output a model has; those of more queries would say the same. */
const SAMPLE = 256

/**
 * Learns how to decode the outputs of a model under one code or several. The data are split by chance: one part to learn
 * second moments on, one to choose λ_e, λ_d (jointly, for the code's own decoder), ε, the decoder and what its variances mean
 * on, one to score the result on. What is chosen is what has the least squared error, as its geometric mean over a quarter, half and three
 * quarters of survivors. Plans of the same k and order are learned and scored on the same groups.
 *
 * @throws {InvalidOptionError} there is no plan, or two are alike; there are fewer than 4·k queries, not as many labels as
 *   queries, or no such model or output; a count is no whole number ≥ 1; a code only copies, so that there is nothing
 *   to learn
 * @throws {InvalidCodeError | UnknownCodeError} a code does not exist for its k and n
 * @throws {ShapeMismatchError | DtypeMismatchError | SignatureMismatchError | NotFiniteError} the data do not fit the model
 * @throws {RunFailedError} the model fails on a coded query
 */
export async function calibrate(init: CalibrateInit): Promise<Calibration> {
  const { groups = 150, seed = 1, labels, signal } = init
  const plans = askedPlans(init)
  if (!(Number.isSafeInteger(groups) && groups >= 1)) {
    throw new InvalidOptionError(`groups must be a whole number of at least 1, got ${groups}`)
  }
  const counts = { groups, tuning: Math.ceil(groups / 3), heldBack: Math.ceil(groups / 3) }
  const { run, queries } = await modelAndQueries(init)
  const largest = Math.max(...plans.map(({ code }) => code.k))
  const pools = split(queries.length, largest, seed)
  const sampled = pools.tuning.slice(0, SAMPLE)
  const sample = await runAll(
    run,
    sampled.map(position => queries[position])
  )
  const asked: Asked = { queries, predictions: [] }
  sampled.forEach((position, i) => {
    asked.predictions[position] = sample[i]
  })
  const outputs = init.outputs ?? outputsOf(run.output, sample, { classes: labels !== undefined })
  const mean = outputs === 'values' ? meanOf(sample) : undefined
  const step = steps(
    plans.reduce((sum, plan) => sum + planSteps(plan, counts), 0),
    init
  )
  const about = { run, asked, labels, pools, counts, seed, outputs, mean, step, pause: () => pause(signal) }
  const all: CalibratedOne[] = []
  for (const plan of plans) {
    all.push(await calibratePlan(plan, about))
  }
  const heldBack = all.flatMap(one => one.heldBack)
  const profile: Profile = {
    version: 2,
    model: run.model.id,
    output: run.output,
    outputs,
    width: sample[0].length,
    queryBytes: queries[0].byteLength,
    ...(labels && outputs !== 'values' && { accuracy: ownAccuracy(heldBack, labels) }),
    plans: all.map(({ plan }) => plan),
    calibration: { ...counts, seed }
  }
  return { profile, scores: all.map(({ scores }) => scores) }
}

function askedPlans({ plans }: CalibrateInit): AskedPlan[] {
  const asked = plans.map(({ k, n, code: choice = 'nercc', order = 'path', decoder }): AskedPlan => {
    const { name, ...options } = typeof choice === 'object' ? choice : { name: choice }
    if (codeFamily(name).systematic) {
      throw new InvalidOptionError(
        `${name} only copies queries, so that nothing is reconstructed and there is nothing to learn: calibrate a code that mixes`
      )
    }
    const code = { name, ...options, k, n }
    profileCode({ code })
    return { code, order, decoder }
  })
  if (
    asked.length === 0 ||
    new Set(asked.map(({ code, order }) => JSON.stringify([code, order]))).size < asked.length
  ) {
    throw new InvalidOptionError('calibration takes at least one plan, no two of the same code, options and order')
  }
  return asked
}

async function modelAndQueries(init: CalibrateInit): Promise<{ run: ModelRun; queries: Tensor[] }> {
  const { executor, labels, signal, plans } = init
  const model = servedModel([executor], init.model)
  if (model === undefined) {
    throw new InvalidOptionError(`the executor has no model '${init.model}'`)
  }
  const [{ code = 'nercc' }] = plans
  const family = codeFamily(typeof code === 'object' ? code.name : code)
  const run = { executor, model, output: chooseOutput(model, family, init.output), signal }
  const [input] = model.signature.inputs
  const queries = (await checkQueries(init.data, model)).map(query => query[input.name])
  if (labels !== undefined && labels.length !== queries.length) {
    throw new InvalidOptionError(`there are ${labels.length} labels for ${queries.length} queries: give one for each`)
  }
  return { run, queries }
}

/** Half of the queries to learn from, a quarter to choose on, a quarter to score. */
function split(count: number, k: number, seed: number) {
  if (count < 4 * k) {
    throw new InvalidOptionError(
      `calibration takes at least 4·k = ${4 * k} queries, got ${count}: a quarter of them must make a group of ${k}`
    )
  }
  const order = shuffled(Array(count).keys(), random(seed))
  const quarter = Math.floor(count / 4)
  return {
    tuning: order.slice(0, quarter),
    heldBack: order.slice(quarter, 2 * quarter),
    groups: order.slice(2 * quarter)
  }
}

/** Called after each piece of work: tells how far it is, lets others run, and ends where the caller gave up. */
function steps(total: number, { signal, progress }: CalibrateInit): () => Promise<void> {
  let done = 0
  return async () => {
    done++
    progress?.(done, total)
    await pause(signal)
  }
}

async function pause(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate()
  signal?.throwIfAborted()
}
