import { random, shuffled } from '../../src/chance/index.ts'
import { type Survivors, softmax, whole } from '../../src/codes/index.ts'
import type { Decoded, Plan } from '../../src/inference/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { drawGroups, drawSurvivors } from './draws.ts'
import type { Dataset } from './images.ts'
import { type LearnedCell, LearnedModels, type Way } from './learned-plans.ts'
import { floats } from './models.ts'
import { argmax, type Estimate, mean, ratio, scoreQuery, type Trial } from './score.ts'

/** Groups whose plans are compared; of one straggler, each worker is it in turn. */
const CELLS: readonly LearnedCell[] = [
  { k: 2, n: 3, stragglers: 1 },
  { k: 3, n: 4, stragglers: 1 },
  { k: 4, n: 5, stragglers: 1 },
  { k: 8, n: 10, stragglers: 2 },
  { k: 10, n: 11, stragglers: 1 },
  { k: 20, n: 30, stragglers: 5 },
  { k: 20, n: 60, stragglers: 30 },
  { k: 20, n: 100, stragglers: 60 },
  { k: 20, n: 100, stragglers: 80 }
]
const INVNET: LearnedCell = { k: 10, n: 11, stragglers: 1 }

/** Straggler sets of each group where several straggle. */
const SETS = 4
/** Of the images for learning, the trainings hold back one in so many (`scripts/models/companion.py`). */
const HELD_BACK_EVERY = 10
const STREAMS = { groups: 41, survivors: 42 }

export interface LearnedRow extends LearnedCell {
  deployed: string
  method: string
  /** Accuracy of all predictions, and of those that are not exact; a lost one counts as a guess. */
  accuracy: Estimate
  degraded: Estimate
  relAcc: Estimate
  /** ‖p − f‖² on probabilities, over all. */
  mse: Estimate
  /** Of those that are neither exact nor lost: how often their class is the model's own; and how often that was said. */
  agreement?: Estimate
  said?: number
  /** Multiply-adds a query beside those of its own run, in runs of the deployed model. */
  extra: { workers: number; master: number }
}

export interface LearnedFigures {
  settings: { seed: number; testImages: number; queries: number }
  /** Of each deployed model by itself. */
  accuracy: Record<string, number>
  rows: LearnedRow[]
  /** What was not trained. */
  missing: string[]
}

interface LearnedTrial extends Trial {
  source: Decoded['source'] | 'lost'
  said?: number
}

interface Asked {
  models: LearnedModels
  /** Which images each group has, and which of its workers answer. */
  groups: ReadonlyArray<{ members: readonly number[]; survivors: readonly Survivors[] }>
  images: readonly Tensor[]
  own: readonly Float32Array[]
  labels: ArrayLike<number>
}

/** Scores what was trained for MNIST through the plans of the project, beside copies on as many workers. */
export async function learnedFigures(
  { learning, test }: Dataset,
  { seed, queries, progress }: { seed: number; queries: number; progress(line: string): void }
): Promise<LearnedFigures> {
  const images = test.pixels.map(imageTensor)
  const models = await LearnedModels.load(learning.pixels.filter((_, i) => i % HELD_BACK_EVERY === 0).map(imageTensor))
  const accuracy: Record<string, number> = {}
  const rows: LearnedRow[] = []
  const score = async (deployed: 'lenet5' | 'invnet', cells: readonly LearnedCell[]): Promise<void> => {
    const own = await models.logits(deployed, images)
    accuracy[deployed] = mean(own.map((logits, i) => Number(argmax(logits) === test.labels[i])))
    for (const cell of cells) {
      progress(`${deployed}: K = ${cell.k}, N = ${cell.n}, S = ${cell.stragglers}`)
      const ways = deployed === 'lenet5' ? await models.waysOfLeNet5(cell) : await models.waysOfInvNet(cell)
      const asked = { models, groups: draw(cell, images.length, { seed, queries }), images, own, labels: test.labels }
      for (const way of ways) rows.push({ deployed, ...cell, ...(await rowOf(way, cell, asked)) })
    }
  }
  await score('lenet5', CELLS)
  if (['invnet', 'encoder-k10'].every(name => !models.missing.some(each => each === name))) {
    await score('invnet', [INVNET])
  }
  await models.close()
  return { settings: { seed, testImages: images.length, queries }, accuracy, rows, missing: models.missing }
}

function imageTensor(pixels: Float32Array): Tensor {
  const side = Math.sqrt(pixels.length)
  return Tensor.float32(pixels, [1, 1, side, side])
}

function draw(
  { k, n, stragglers }: LearnedCell,
  images: number,
  { seed, queries }: { seed: number; queries: number }
): Asked['groups'] {
  const chance = random(seed, STREAMS.groups)
  const count = Math.floor(Math.min(queries, images) / k)
  const draws = drawGroups(shuffled(Array(images).keys(), chance), { k, count }, chance)
  const init = { groups: count, sets: SETS, seed, stream: STREAMS.survivors }
  const drawn = stragglers === 1 ? undefined : drawSurvivors(n, stragglers, init)
  const everyone = Array.from({ length: n }, (_, i) => i)
  const inTurn = everyone.map(straggler => everyone.filter(i => i !== straggler))
  return draws.map((members, g) => ({ members, survivors: drawn?.[g] ?? inTurn }))
}

async function rowOf(way: Way, { k }: LearnedCell, asked: Asked) {
  const trials: LearnedTrial[] = []
  const extra = { workers: 0, master: 0 }
  for (const [unit, { members, survivors }] of asked.groups.entries()) {
    const plan = way.plan()
    const results = await resultsOf(plan, members, way, asked)
    const costs = await costsOf(plan, asked.models)
    extra.workers += costs.workers / k / asked.groups.length
    extra.master += costs.master / k / asked.groups.length
    for (const arrived of survivors) {
      trials.push(
        ...decode(plan, results, arrived).map((decoded, q) => trial(decoded, members[q], { unit, way, asked }))
      )
    }
  }
  return { method: way.method, ...summary(trials), extra }
}

/** What all tasks of a group give. */
async function resultsOf(
  plan: Plan,
  members: readonly number[],
  { output }: Way,
  { images, own, models }: Asked
): Promise<Map<number, Tensor>> {
  for (const image of members) plan.add({ image: images[image] })
  plan.close()
  while (plan.encodeNext() !== undefined);
  const results = new Map<number, Tensor>()
  // The list grows as a plan learns.
  for (const task of plan.tasks) {
    const known = own[members[task.queries[0]]]
    const answer = output === 'logits' ? known : known && softmax(known)
    const result = task.role === 'query' ? Tensor.float32(answer, [1, answer.length]) : await models.run(task)
    results.set(task.index, result)
    plan.learn(task.index, result)
  }
  return results
}

/** The predictions of a group from those of its workers that answer, and from the master. */
function decode(plan: Plan, results: ReadonlyMap<number, Tensor>, arrived: Survivors) {
  const workers = plan.tasks.filter(({ runner }) => runner === 'worker').map(({ index }) => index)
  const heard = new Set(arrived.map(i => workers[i]))
  return whole(plan.decoding(new Map([...results].filter(([index]) => heard.has(index) || !workers.includes(index)))))
}

function trial(
  decoded: Decoded | undefined,
  image: number,
  { unit, way, asked: { own, labels } }: { unit: number; way: Way; asked: Asked }
): LearnedTrial {
  const values = decoded && floats(decoded.output)
  const predicted = values && (way.output === 'logits' ? softmax(values) : values)
  const scored = scoreQuery(predicted, softmax(own[image]), labels[image])
  return { unit, source: decoded?.source ?? 'lost', said: decoded?.expected?.agreement, ...scored }
}

/** What the tasks of a group cost beside one run of the deployed model for each query, in such runs. */
async function costsOf({ tasks, size, spec }: Plan, models: LearnedModels): Promise<LearnedRow['extra']> {
  const ownRun = await models.macs(spec.model, 1)
  const costs = { workers: -size, master: 0 }
  for (const { model, inputs, runner } of tasks) {
    const rows = Object.values(inputs)[0].shape[0]
    costs[runner === 'worker' ? 'workers' : 'master'] += (await models.macs(model, rows)) / ownRun
  }
  return costs
}

function summary(trials: readonly LearnedTrial[]) {
  const other = trials.filter(({ source }) => source !== 'exact')
  const given = other.filter(({ source }) => source !== 'lost')
  const said = given.flatMap(each => each.said ?? [])
  return {
    accuracy: ratio(trials, ({ right }) => right),
    relAcc: ratio(
      trials,
      ({ right }) => right,
      ({ own }) => own
    ),
    degraded: ratio(other, ({ right }) => right),
    mse: ratio(trials, ({ squaredError }) => squaredError),
    ...(given.length > 0 && { agreement: ratio(given, ({ agrees }) => agrees) }),
    ...(said.length > 0 && { said: mean(said) })
  }
}
