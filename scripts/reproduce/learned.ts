import { random, shuffled } from '../../src/chance/index.ts'
import { type Survivors, softmax, whole } from '../../src/codes/index.ts'
import type { Plan } from '../../src/inference/index.ts'
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
  /** Of predictions that are not exact: how often their class is the model's own; and how often that was said. */
  agreement: Estimate
  said?: number
  /** Multiply-adds a query beside those of its own run, in runs of the deployed model. */
  extra: { workers: number; master: number }
}

export interface LearnedFigures {
  settings: { seed: number; testImages: number; groups: number }
  /** Of each deployed model by itself. */
  accuracy: Record<string, number>
  rows: LearnedRow[]
  /** What was not trained. */
  missing: string[]
}

interface LearnedTrial extends Trial {
  exact: boolean
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
  { seed, groups, progress }: { seed: number; groups: number; progress(line: string): void }
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
      const asked = { models, groups: draw(cell, images.length, { seed, groups }), images, own, labels: test.labels }
      for (const way of ways) rows.push({ deployed, ...cell, ...(await rowOf(way, cell, asked)) })
    }
  }
  await score('lenet5', CELLS)
  if (['invnet', 'encoder-k10'].every(name => !models.missing.some(each => each === name))) {
    await score('invnet', [INVNET])
  }
  await models.close()
  return { settings: { seed, testImages: images.length, groups }, accuracy, rows, missing: models.missing }
}

function imageTensor(pixels: Float32Array): Tensor {
  const side = Math.sqrt(pixels.length)
  return Tensor.float32(pixels, [1, 1, side, side])
}

function draw(
  { k, n, stragglers }: LearnedCell,
  images: number,
  { seed, groups }: { seed: number; groups: number }
): Asked['groups'] {
  const chance = random(seed, STREAMS.groups)
  const count = Math.min(groups, Math.floor(images / k))
  const draws = drawGroups(shuffled(Array(images).keys(), chance), { k, count }, chance)
  const init = { groups: count, sets: SETS, seed, stream: STREAMS.survivors }
  const drawn = stragglers === 1 ? undefined : drawSurvivors(n, stragglers, init)
  const everyone = Array.from({ length: n }, (_, i) => i)
  const inTurn = everyone.map(straggler => everyone.filter(i => i !== straggler))
  return draws.map((members, g) => ({ members, survivors: drawn?.[g] ?? inTurn }))
}

async function rowOf(way: Way, { k }: LearnedCell, asked: Asked) {
  const { models, groups, images, own, labels } = asked
  const probabilities = own.map(softmax)
  const trials: LearnedTrial[] = []
  const extra = { workers: 0, master: 0 }
  const ownRun = await costOf(models, way.plan().spec.model, 1)
  for (const [unit, { members, survivors }] of groups.entries()) {
    const plan = way.plan()
    const answers = members.map(image =>
      Tensor.float32((way.output === 'logits' ? own : probabilities)[image], [1, own[image].length])
    )
    const results = await resultsOf(
      plan,
      members.map(image => images[image]),
      answers,
      models
    )
    const workers = plan.tasks.filter(({ runner }) => runner === 'worker')
    for (const task of plan.tasks.slice(k)) {
      const rows = Object.values(task.inputs)[0].shape[0]
      const cost = (await costOf(models, task.model, rows)) / ownRun / k / groups.length
      extra[task.runner === 'worker' ? 'workers' : 'master'] += cost
    }
    for (const arrived of survivors) {
      const stragglers = new Set(workers.map(({ index }) => index))
      for (const i of arrived) stragglers.delete(workers[i].index)
      const heard = new Map([...results].filter(([index]) => !stragglers.has(index)))
      whole(plan.decoding(heard)).forEach((decoded, q) => {
        const image = members[q]
        const values = decoded && floats(decoded.output)
        const predicted = values && (way.output === 'logits' ? softmax(values) : values)
        const scored = scoreQuery(predicted, probabilities[image], labels[image])
        trials.push({ unit, exact: decoded?.source === 'exact', said: decoded?.expected?.agreement, ...scored })
      })
    }
  }
  return { method: way.method, ...summary(trials), extra }
}

/** Multiply-adds by model and rows: each is counted by running the graph, once. */
const costs = new Map<string, Promise<number>>()

function costOf(models: LearnedModels, id: string, rows: number): Promise<number> {
  const key = `${id} ${rows}`
  const cost = costs.get(key) ?? models.macs(id, rows)
  costs.set(key, cost)
  return cost
}

/** What all tasks of a group give. */
async function resultsOf(
  plan: Plan,
  queries: readonly Tensor[],
  answers: readonly Tensor[],
  models: LearnedModels
): Promise<Map<number, Tensor>> {
  for (const image of queries) plan.add({ image })
  plan.close()
  while (plan.encodeNext() !== undefined);
  const results = new Map<number, Tensor>()
  // The list grows as a plan learns.
  for (const task of plan.tasks) {
    const result = task.role === 'query' ? answers[task.queries[0]] : await models.run(task)
    results.set(task.index, result)
    plan.learn(task.index, result)
  }
  return results
}

function summary(trials: readonly LearnedTrial[]) {
  const other = trials.filter(({ exact }) => !exact)
  const said = other.flatMap(each => each.said ?? [])
  return {
    accuracy: ratio(trials, ({ right }) => right),
    relAcc: ratio(
      trials,
      ({ right }) => right,
      ({ own }) => own
    ),
    degraded: ratio(other, ({ right }) => right),
    mse: ratio(trials, ({ squaredError }) => squaredError),
    agreement: ratio(other, ({ agrees }) => agrees),
    ...(said.length > 0 && { said: mean(said) })
  }
}
