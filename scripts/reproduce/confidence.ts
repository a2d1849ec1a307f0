import { calibrate } from '../../nodes/index.ts'
import { type Random, random, shuffled } from '../../src/chance/index.ts'
import {
  type CalibratedCode,
  expectedQuality,
  type OrderKind,
  orderQueries,
  profileCode,
  profileDecoder,
  type Survivors
} from '../../src/codes/index.ts'
import { onnxExecutor } from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { drawGroups } from './draws.ts'
import { type Group, inPlaces, makeGroups } from './groups.ts'
import type { Dataset } from './images.ts'
import { floats, Models } from './models.ts'
import type { Network } from './networks.ts'
import { type Bin, bins } from './reliability.ts'
import { argmax, mean } from './score.ts'

/** Learning images that the profile is made from, at most. */
const MOST_IMAGES = 32_000
/** Groups that moments are learned on, at most; a third as many tell what variances mean. */
const MOST_GROUPS = 1200
/** Survivor sets of each test group, for each number of stragglers. */
const SETS = 6
/** The largest share of stragglers among numbers drawn by chance. */
const MOST_STRAGGLERS = 0.95
const STREAMS = { images: 21, test: 22, survivors: 23 }

/** How sure the decoders of a profile are of predictions that it never saw, and what came of them. */
export interface ConfidenceFigures {
  settings: { n: number; k: number; calibrationGroups: number; testGroups: number; setsPerGroup: number; seed: number }
  plans: Array<{ title: string; cells: ConfidenceCell[] }>
}

export interface ConfidenceCell {
  /** `mixed`: any number, drawn anew for each survivor set. */
  stragglers: number | 'mixed'
  /** How many were reconstructed. */
  predictions: number
  /** Of these: the share whose class is the model's own, and the mean of what was said. */
  agreement: number
  confidence: number
  bins: Bin[]
  /** The largest difference between what was said and what was, over bins. */
  gap: number
  /** For each third of them, from the least squared error said to the most: mean said over mean measured. */
  errorRatios: number[]
}

/** A profile from learning images, and reliability on test images. */
export async function confidenceFigures(
  network: Network,
  dataset: Dataset,
  { groups: count, seed, progress }: { groups: number; seed: number; progress: (line: string) => void }
): Promise<ConfidenceFigures> {
  const { n, k } = network
  progress(`${network.title}: calibrating`)
  const plans = await learnPlans(network, dataset, seed)
  const models = await Models.load({ deployed: dataset.models.deployed })
  try {
    const chance = random(seed, STREAMS.test)
    const draws = drawGroups(shuffled(dataset.test.pixels.keys(), chance), { k, count }, chance)
    const groups = await makeGroups(models, dataset.test, draws, { student: false })
    const settings = {
      n,
      k,
      calibrationGroups: calibrationGroups(network, dataset),
      testGroups: count,
      setsPerGroup: SETS,
      seed
    }
    const figures: ConfidenceFigures = { settings, plans: [] }
    for (const { title, plan } of plans) {
      progress(`${network.title}: ${title}`)
      const coded = await codeTest(models, groups, plan)
      const cells = [...network.stragglers, 'mixed' as const].map(stragglers =>
        cellOf(stragglers, assessed(coded, plan, stragglers, random(seed, STREAMS.survivors)))
      )
      figures.plans.push({ title, cells })
    }
    return figures
  } finally {
    await models.close()
  }
}

async function learnPlans(network: Network, dataset: Dataset, seed: number) {
  const { n, k } = network
  const { models, learning, shape } = dataset
  const executor = onnxExecutor({ models: [{ name: 'deployed', path: models.deployed }] })
  await executor.start()
  try {
    const drawn = shuffled(learning.pixels.keys(), random(seed, STREAMS.images)).slice(0, MOST_IMAGES)
    const { channels, height, width } = shape
    const asked = [
      { title: 'covariance decoder on chords', code: 'chords', decoder: 'covariance' },
      // To choose λ_e would cost as much as all the rest, and hardly matters.
      { title: 'spline decoder of NeRCC', code: { name: 'nercc', lambdaEncode: 0 }, decoder: 'linear' }
    ] as const
    const { profile } = await calibrate({
      executor,
      model: 'deployed',
      data: drawn.map(image => Tensor.float32(learning.pixels[image], [1, channels, height, width])),
      plans: asked.map(({ code, decoder }) => ({ k, n, code, decoder })),
      groups: calibrationGroups(network, dataset),
      seed
    })
    return asked.map(({ title }, i) => ({ title, plan: profile.plans[i] }))
  } finally {
    await executor.stop()
  }
}

/** As many as leave every query that is chosen on in one group. */
function calibrationGroups({ k }: Network, { learning }: Dataset): number {
  return Math.min(MOST_GROUPS, 3 * Math.floor(Math.min(MOST_IMAGES, learning.pixels.length) / 4 / k))
}

interface Coded {
  results: Tensor[]
  own: Float32Array[]
}

async function codeTest(
  models: Pick<Models, 'coded'>,
  groups: readonly Group[],
  plan: { order: OrderKind } & Pick<CalibratedCode, 'code'>
): Promise<Coded[]> {
  const ordered = groups.map(group => inPlaces(group, orderQueries(plan.order, group.images)))
  const coded = await models.coded(profileCode(plan), ordered)
  return ordered.map(({ logits }, g) => ({ results: coded[g].map(each => Tensor.float32(each)), own: logits }))
}

/** A prediction: what was said of it, and what it was. */
export interface Assessed {
  confidence: number
  agrees: boolean
  said: number
  measured: number
}

function assessed(
  coded: readonly Coded[],
  plan: CalibratedCode,
  stragglers: number | 'mixed',
  chance: Random
): Assessed[] {
  const decoder = profileDecoder(plan)
  const { n } = plan.code
  return coded.flatMap(({ results, own }) =>
    Array.from({ length: SETS }, () => {
      const operator = decoder.select(draw(n, stragglers, chance))
      const predictions = operator.apply(operator.survivors.map(index => results[index]))
      return expectedQuality(plan.reliability, operator, predictions).flatMap((expected, q) => {
        const prediction = predictions[q]
        if (expected?.agreement === undefined || prediction === undefined) return []
        const values = floats(prediction)
        const agrees = argmax(values) === argmax(own[q])
        return { confidence: expected.agreement, agrees, said: expected.error, measured: distance(values, own[q]) }
      })
    }).flat()
  )
}

function draw(n: number, stragglers: number | 'mixed', chance: Random): Survivors {
  const most = Math.floor(MOST_STRAGGLERS * n)
  const straggling = stragglers === 'mixed' ? 1 + Math.floor(chance() * most) : stragglers
  return shuffled(Array(n).keys(), chance)
    .slice(straggling)
    .sort((a, b) => a - b)
}

/** ‖p − f‖² of logits, without the class mean of either. */
function distance(logits: Float32Array, own: Float32Array): number {
  const differences = Array.from(logits, (value, c) => value - own[c])
  const shift = mean(differences)
  return differences.reduce((sum, difference) => sum + (difference - shift) ** 2, 0)
}

function cellOf(stragglers: number | 'mixed', all: readonly Assessed[]): ConfidenceCell {
  const binned = bins(all)
  const byError = all.toSorted((a, b) => a.said - b.said)
  const third = (part: number) => byError.slice((part * all.length) / 3, ((part + 1) * all.length) / 3)
  return {
    stragglers,
    predictions: all.length,
    agreement: mean(all.map(({ agrees }) => Number(agrees))),
    confidence: mean(all.map(({ confidence }) => confidence)),
    bins: binned,
    gap: binned.reduce((most, { confidence, agreement }) => Math.max(most, Math.abs(confidence - agreement)), 0),
    errorRatios: [0, 1, 2].map(part => {
      const some = third(part)
      return mean(some.map(({ said }) => said)) / mean(some.map(({ measured }) => measured))
    })
  }
}
