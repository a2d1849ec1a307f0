import { setImmediate } from 'node:timers/promises'
import {
  codeFamily,
  covarianceDecoder,
  type LinearDecoder,
  linearDecoder,
  type OrderKind,
  type Outputs,
  type Profile,
  profileCode,
  secondMoments
} from '../src/codes/index.ts'
import type { Executor } from '../src/runtime/index.ts'
import { type Random, random, shuffled } from '../src/simulation/index.ts'
import type { Tensor } from '../src/tensor/index.ts'
import {
  type Candidate,
  chooseCode,
  chooseDecoder,
  meanOf,
  outputsOf,
  tunedSurvivors,
  withLambdasEncode
} from './calibration-choice.ts'
import { type CodedGroup, codeGroup, drawGroups, type ModelRun } from './calibration-groups.ts'
import { drawSurvivors, type Judge, type Score, score } from './calibration-score.ts'
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
  k: number
  n: number
  /** λ_e and λ_d that are given are not searched. @default 'nercc' */
  code?: CodeChoice
  /** @default 'path' */
  order?: OrderKind
  /** Groups that the moments are learned on; a fifth more are chosen on, a third more are scored. @default 150 */
  groups?: number
  /** @default 1 */
  seed?: number
  /** @default 'logits' if there is one, else the first */
  output?: string
  /** What that output is. @default told by its name, and by whether predictions sum to 1 */
  outputs?: Outputs
  signal?: AbortSignal
  /** Told after each group that was run, and each number of survivors that was scored. */
  progress?: (done: number, total: number) => void
}

export interface Calibration {
  profile: Profile
  /** Of reconstructed predictions on the groups that were held back, by the code's own decoder and by the learned one. */
  scores: SurvivorScore[]
}

export interface SurvivorScore {
  survivors: number
  linear: Score | undefined
  covariance: Score | undefined
}

/** Chance has a stream for each purpose, so that more of one does not change the others. */
const STREAMS = { split: 0, groups: 1, tuning: 2, heldBack: 3, tuningSurvivors: 4, heldBackSurvivors: 5 }

/** Survivor sets for each number of survivors: which workers answer matters as much as what is asked. */
const SETS = 40

/** What was asked for, checked. */
interface Task {
  run: ModelRun
  queries: Tensor[]
  labels: readonly number[] | undefined
  code: Profile['code']
  order: OrderKind
  counts: Record<Part, number>
  seed: number
  pools: Record<Part, number[]>
}

/** What a query is used for. */
type Part = 'groups' | 'tuning' | 'heldBack'

/**
 * Learns how to decode the outputs of a model under a code. The data are split by chance: one part to learn second moments
 * on, one to choose λ_e, λ_d (jointly, for the code's own decoder), ε and the decoder on, one to score the result on. What
 * is chosen is what has the least squared error, as its geometric mean over a quarter, half and three quarters of survivors.
 *
 * @throws {InvalidOptionError} there are fewer than 4·k queries, not as many labels as queries, or no such model or output;
 *   a count is no whole number ≥ 1; the code only copies, so that there is nothing to learn
 * @throws {InvalidCodeError | UnknownCodeError} the code does not exist for this k and n
 * @throws {ShapeMismatchError | DtypeMismatchError | SignatureMismatchError | NotFiniteError} the data do not fit the model
 * @throws {RunFailedError} the model fails on a coded query
 */
export async function calibrate(init: CalibrateInit): Promise<Calibration> {
  const task = checked(init)
  const { code: asked, counts, order, seed, run } = task
  const encoders = withLambdasEncode(asked)
  const step = steps(counts.groups + counts.heldBack + counts.tuning * encoders.length + asked.n, init)

  const candidates: Candidate[] = []
  for (const code of encoders) {
    candidates.push({ code, groups: await codeGroups(task, 'tuning', code, step) })
  }
  const outputs = init.outputs ?? outputsOf(run.output, candidates[0].groups)
  const mean = outputs === 'values' ? meanOf(candidates[0].groups) : undefined
  const sets = tunedSurvivors(asked.n, SETS, random(seed, STREAMS.tuningSurvivors))
  const comparison = { sets, judge: { outputs }, pause: () => pause(init.signal) }
  const tuned = await chooseCode(candidates, comparison)

  const { code } = tuned
  const groups = await codeGroups(task, 'groups', code, step)
  const moments = secondMoments(
    groups.map(({ results, predictions }) => [...results, ...predictions]),
    { n: code.n, k: code.k, outputs, mean }
  )
  const { decoder, epsilon } = await chooseDecoder(tuned, moments, comparison)

  const scores = await scoreAll(await codeGroups(task, 'heldBack', code, step), {
    linear: linearDecoder(profileCode({ code })),
    covariance: covarianceDecoder({ code: profileCode({ code }), moments, epsilon }),
    survivors: random(seed, STREAMS.heldBackSurvivors),
    judge: { outputs, labels: task.labels },
    step
  })
  const expected = scores.flatMap(({ survivors, [decoder]: one }) =>
    one === undefined ? [] : [{ survivors, mse: one.mse, agreement: one.agreement }]
  )
  const about = { version: 1, model: run.model.id, output: run.output, outputs, code, order } as const
  const calibration = { ...counts, seed }
  return { profile: { ...about, decoder, epsilon, moments, expected, calibration }, scores }
}

function checked(init: CalibrateInit): Task {
  const { executor, labels, k, n, order = 'path', groups = 150, seed = 1, signal } = init
  const { name, ...options } = typeof init.code === 'object' ? init.code : { name: init.code ?? 'nercc' }
  const code = { name, ...options, k, n }
  const family = codeFamily(name)
  if (family.systematic) {
    throw new InvalidOptionError(
      `${name} only copies queries, so that nothing is reconstructed and there is nothing to learn: calibrate a code that mixes`
    )
  }
  profileCode({ code })
  if (!(Number.isSafeInteger(groups) && groups >= 1)) {
    throw new InvalidOptionError(`groups must be a whole number of at least 1, got ${groups}`)
  }
  const model = servedModel([executor], init.model)
  if (model === undefined) {
    throw new InvalidOptionError(`the executor has no model '${init.model}'`)
  }
  const run = { executor, model, output: chooseOutput(model, family, init.output), signal }
  const [input] = model.signature.inputs
  const queries = checkQueries(init.data, model).map(query => query[input.name])
  if (labels !== undefined && labels.length !== queries.length) {
    throw new InvalidOptionError(`there are ${labels.length} labels for ${queries.length} queries: give one for each`)
  }
  const counts = { groups, tuning: Math.ceil(groups / 5), heldBack: Math.ceil(groups / 3) }
  return { run, queries, labels, code, order, counts, seed, pools: split(queries.length, k, seed) }
}

/** Half of the queries to learn from, a quarter to choose on, a quarter to score. */
function split(count: number, k: number, seed: number): Record<Part, number[]> {
  if (count < 4 * k) {
    throw new InvalidOptionError(
      `calibration takes at least 4·k = ${4 * k} queries, got ${count}: a quarter of them must make a group of ${k}`
    )
  }
  const order = shuffled(Array(count).keys(), random(seed, STREAMS.split))
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

/** Draws the groups of a part, and runs them. */
async function codeGroups(
  { run, queries, pools, counts, order, seed }: Task,
  part: Part,
  options: Profile['code'],
  step: () => Promise<void>
): Promise<CodedGroup[]> {
  const code = profileCode({ code: options })
  const groups: CodedGroup[] = []
  for (const positions of drawGroups(pools[part], code.k, counts[part], random(seed, STREAMS[part]))) {
    groups.push(await codeGroup(run, queries, positions, { code, order }))
    await step()
  }
  return groups
}

interface Scoring {
  linear: LinearDecoder
  covariance: LinearDecoder
  /** Chance for survivor sets. */
  survivors: Random
  judge: Judge
  step: () => Promise<void>
}

/** For every number of survivors, both decoders on the same survivor sets. */
async function scoreAll(groups: readonly CodedGroup[], scoring: Scoring): Promise<SurvivorScore[]> {
  const { linear, covariance, judge, step } = scoring
  const n = groups[0].results.length
  const scores: SurvivorScore[] = []
  for (let survivors = 1; survivors <= n; survivors++) {
    const sets = drawSurvivors(n, survivors, SETS, scoring.survivors)
    scores.push({
      survivors,
      linear: score(linear, sets, groups, judge),
      covariance: score(covariance, sets, groups, judge)
    })
    await step()
  }
  return scores
}
