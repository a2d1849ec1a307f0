import { random, shuffled } from '../../src/chance/index.ts'
import { softmax, whole } from '../../src/codes/index.ts'
import type { Plan } from '../../src/inference/index.ts'
import { stack, Tensor } from '../../src/tensor/index.ts'
import { drawGroups } from './draws.ts'
import type { Dataset } from './images.ts'
import { copying, type LearnedMethod, type LearnedModels, learnedModels, METHODS, resultsOf } from './learned-plans.ts'
import { floats } from './models.ts'
import { argmax, type Estimate, mean, ratio, scoreQuery, type Trial } from './score.ts'

/** Of the images for learning, the trainings hold back one in so many (`scripts/models/companion.py`). */
const HELD_BACK_EVERY = 10
const STREAM = 41
const ROWS_AT_ONCE = 500

/** A plan of one worker more than queries, each of whose workers straggles in turn. */
export interface LearnedRow {
  method: string
  k: number
  n: number
  /** Over all predictions, and over those whose own worker straggles; a lost one counts as a guess. */
  accuracy: Estimate
  degraded: Estimate
  /** ‖p − f‖² on probabilities, over all. */
  mse: Estimate
  /** Of those whose own worker straggles: how often their class is the model's own, and how often the profile says so. */
  agreement: Estimate
  said?: number
  /** Runs of the deployed model a query, beside its own. */
  extra: { worker: number; master: number }
}

export interface LearnedFigures {
  settings: { seed: number; testImages: number; groups: number[] }
  /** Of each deployed model by itself. */
  accuracy: Record<string, number>
  rows: LearnedRow[]
  /** What was not trained. */
  missing: string[]
}

interface LearnedTrial extends Trial {
  exact: boolean
}

/** Scores the learned codes that were trained for MNIST through the plans of the project, each beside copies on as many workers. */
export async function learnedFigures({ learning, test }: Dataset, { seed }: { seed: number }): Promise<LearnedFigures> {
  const figures: LearnedFigures = {
    settings: { seed, testImages: test.labels.length, groups: [] },
    accuracy: {},
    rows: [],
    missing: []
  }
  const held = learning.pixels.filter((_, i) => i % HELD_BACK_EVERY === 0).map(imageTensor)
  const images = test.pixels.map(imageTensor)
  for (const method of METHODS) {
    const { title, k, deployed } = method
    const models = await learnedModels(method, held)
    if (models === undefined) {
      figures.missing.push(`${title}, k = ${k}`)
      continue
    }
    const own = await logitsOf(models, images)
    figures.accuracy[deployed] = mean(own.map((logits, i) => Number(argmax(logits) === test.labels[i])))
    const chance = random(seed, STREAM)
    const count = Math.floor(images.length / k)
    const draws = drawGroups(shuffled(images.keys(), chance), { k, count }, chance)
    const asked = { method, models, draws, images, own, labels: test.labels }
    const learned = await trialsOf(models.plan, asked)
    const copied = await trialsOf(copying(method, models.deployed), asked)
    figures.settings.groups.push(count)
    figures.rows.push({ method: title, k, n: k + 1, ...summary(learned), said: models.said, extra: models.extra })
    const extra = { worker: 1 / k, master: 0 }
    figures.rows.push({ method: 'replication', k, n: k + 1, ...summary(copied), extra })
    await models.executor.stop()
  }
  return figures
}

function imageTensor(pixels: Float32Array): Tensor {
  const side = Math.sqrt(pixels.length)
  return Tensor.float32(pixels, [1, 1, side, side])
}

interface Asked {
  method: LearnedMethod
  models: LearnedModels
  draws: readonly number[][]
  images: readonly Tensor[]
  own: readonly Float32Array[]
  labels: ArrayLike<number>
}

/** Every group with each of its workers straggling in turn. */
async function trialsOf(
  make: () => Plan,
  { method, models, draws, images, own, labels }: Asked
): Promise<LearnedTrial[]> {
  const { output } = method
  const probabilities = own.map(softmax)
  const trials: LearnedTrial[] = []
  for (const [unit, members] of draws.entries()) {
    const plan = make()
    const answers = members.map(image =>
      Tensor.float32(output === 'logits' ? own[image] : probabilities[image], [1, own[image].length])
    )
    const results = await resultsOf(
      plan,
      members.map(image => images[image]),
      query => answers[query],
      async ({ model, inputs, output: wanted }) =>
        (await models.executor.run({ model, inputs: copied(inputs), outputs: [wanted] })).outputs[wanted]
    )
    for (const straggler of plan.tasks.filter(({ runner }) => runner === 'worker')) {
      const arrived = new Map([...results].filter(([index]) => index !== straggler.index))
      whole(plan.decoding(arrived)).forEach((decoded, q) => {
        const image = members[q]
        const values = decoded && floats(decoded.output)
        const predicted = values && (output === 'logits' ? softmax(values) : values)
        const score = scoreQuery(predicted, probabilities[image], labels[image])
        trials.push({ unit, exact: decoded?.source === 'exact', ...score })
      })
    }
  }
  return trials
}

/** An executor takes its inputs over, and queries are asked again. */
function copied(inputs: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, tensor.clone()]))
}

function summary(trials: readonly LearnedTrial[]): Pick<LearnedRow, 'accuracy' | 'degraded' | 'mse' | 'agreement'> {
  const straggled = trials.filter(({ exact }) => !exact)
  return {
    accuracy: ratio(trials, ({ right }) => right),
    degraded: ratio(straggled, ({ right }) => right),
    mse: ratio(trials, ({ squaredError }) => squaredError),
    agreement: ratio(straggled, ({ agrees }) => agrees)
  }
}

async function logitsOf({ executor, deployed }: LearnedModels, images: readonly Tensor[]): Promise<Float32Array[]> {
  const [input] = deployed.signature.inputs
  const logits: Float32Array[] = []
  for (let from = 0; from < images.length; from += ROWS_AT_ONCE) {
    const batch = images.slice(from, from + ROWS_AT_ONCE)
    const inputs = { [input.name]: rowsTogether(batch) }
    const { outputs } = await executor.run({ model: deployed.id, inputs, outputs: ['logits'] })
    for (let i = 0; i < batch.length; i++) logits.push(floats(outputs.logits.row(i)))
  }
  return logits
}

function rowsTogether(images: readonly Tensor[]): Tensor {
  return stack(images.map(image => image.row(0)))
}
