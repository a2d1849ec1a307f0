import { random, shuffled } from '../../src/chance/index.ts'
import { type LinearCode, type LinearDecoder, type OrderKind, orderQueries, softmax } from '../../src/codes/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { units } from './course.ts'
import { drawGroups, drawSurvivors } from './draws.ts'
import { inPlaces, makeGroups } from './groups.ts'
import type { Images } from './images.ts'
import { floats, type Models } from './models.ts'
import { type Estimate, ratio, scoreQuery, type Trial } from './score.ts'

/** How groups are coded and decoded: a plan of a profile, or any other. */
export interface Measurable {
  code: LinearCode
  order: OrderKind
  /** Of logits. */
  decoder: LinearDecoder
}

export interface Measurement {
  /** How many groups of the images, and how many survivor sets for each of them and each number of stragglers. */
  groups: number
  sets: number
  stragglers: readonly number[]
  seed: number
}

/** What the predictions of full groups are worth with this many stragglers, all sets of them equally likely. */
export interface Measured {
  stragglers: number
  /** The share that is the model's own result. */
  exact: number
  /** The share that cannot be given. */
  lost: number
  /** The share whose class is the one that the model itself gives. */
  agreement: Worth
  /** The share whose class is right. */
  accuracy: Worth
}

/** A lost query counts as a guess. */
export interface Worth {
  overall: Estimate
  /** Over all that are not exact; absent where all are. */
  degraded?: Estimate
}

const STREAMS = { groups: 11, survivors: 12 }

/** Codes groups of these images with the deployed model, and scores what is decoded of them. */
export async function measure(
  models: Pick<Models, 'logits' | 'coded'>,
  images: Images,
  { code, order, decoder }: Measurable,
  { groups: count, sets, stragglers, seed }: Measurement
): Promise<Measured[]> {
  const chance = random(seed, STREAMS.groups)
  const draws = drawGroups(shuffled(images.pixels.keys(), chance), { k: code.k, count }, chance)
  const made = await makeGroups(models, images, draws, { student: false })
  const groups = made.map(group => inPlaces(group, orderQueries(order, group.images)))
  const unitOf = units(groups)
  const results = (await models.coded(code, groups)).map(group => group.map(logits => Tensor.float32(logits)))
  return stragglers.map(straggling => {
    const survivorSets = drawSurvivors(code.n, straggling, { groups: count, sets, seed, stream: STREAMS.survivors })
    const trials = groups.flatMap(({ probabilities, labels }, g) =>
      survivorSets[g].flatMap(survivors => {
        const operator = decoder.select(survivors)
        return operator.apply(survivors.map(index => results[g][index])).map((prediction, q) => ({
          unit: unitOf(g, q),
          exact: operator.exact[q],
          lost: prediction === undefined,
          ...scoreQuery(prediction && softmax(floats(prediction)), probabilities[q], labels[q])
        }))
      })
    )
    return summary(straggling, trials)
  })
}

function summary(stragglers: number, trials: readonly (Trial & { exact: boolean; lost: boolean })[]): Measured {
  const degraded = trials.filter(({ exact }) => !exact)
  const worth = (of: (trial: Trial) => number): Worth => ({
    overall: ratio(trials, of),
    degraded: degraded.length === 0 ? undefined : ratio(degraded, of)
  })
  return {
    stragglers,
    exact: 1 - degraded.length / trials.length,
    lost: trials.filter(({ lost }) => lost).length / trials.length,
    agreement: worth(({ agrees }) => agrees),
    accuracy: worth(({ right }) => right)
  }
}
