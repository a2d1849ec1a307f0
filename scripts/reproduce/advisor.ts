import { calibrate } from '../../nodes/index.ts'
import { type AdvisedPlan, advise, type FleetFacts, stragglersAmong } from '../../src/advisor/index.ts'
import { codeFamily, linearDecoder, type Profile, profileDecoder } from '../../src/codes/index.ts'
import { type OnnxExecutor, onnxExecutor } from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import type { Dataset } from './images.ts'
import { type Measured, measure } from './measure.ts'
import { Models } from './models.ts'
import type { Network } from './networks.ts'
import type { Estimate } from './score.ts'

/** Groups of one size in fleets with one worker for each coded query, some of which straggle. */
interface Size {
  k: number
  n: number
  stragglers: readonly number[]
}

/** What is calibrated and compared of a network. */
interface Comparison {
  sizes: readonly Size[]
  /** Queries that calibration scores, and that are scored on test images, for each size. */
  scored: { calibration: number; test: number }
}

const COMPARISONS: Readonly<Record<Network['name'], Comparison>> = {
  mnist: {
    sizes: [
      { k: 4, n: 6, stragglers: [1, 2, 3] },
      { k: 4, n: 12, stragglers: [2, 4, 6, 8] },
      { k: 8, n: 12, stragglers: [1, 2, 4] },
      { k: 8, n: 32, stragglers: [4, 8, 16, 24] },
      { k: 20, n: 30, stragglers: [3, 6, 12] },
      { k: 20, n: 100, stragglers: [20, 40, 60, 80] }
    ],
    scored: { calibration: 3000, test: 3000 }
  },
  cifar10: {
    sizes: [
      { k: 8, n: 12, stragglers: [1, 2, 4] },
      { k: 20, n: 60, stragglers: [10, 20, 30, 40, 50] }
    ],
    scored: { calibration: 2500, test: 3000 }
  },
  photos: {
    sizes: [{ k: 8, n: 20, stragglers: [4, 8, 12] }],
    scored: { calibration: 800, test: 800 }
  }
}

/** Survivor sets of each test group, for each number of stragglers. */
const SETS = 3

/** What the advisor expects of a plan in a fleet, and what test images say. */
export interface Cell {
  k: number
  n: number
  stragglers: number
  code: string
  agreement: Beside
  accuracy: Beside
  /** Over predictions that are not exact; absent where all are. */
  degradedAgreement?: Beside
}

export interface Beside {
  expected: number
  measured: Estimate
}

/** The plan that is recommended for a fleet, and the one that test images show to be best at the same number of machines. */
export interface Recommendation {
  k: number
  workers: number
  stragglers: number
  recommended: { code: string; n: number; agreement: Estimate }
  best: { code: string; n: number; agreement: Estimate }
}

export interface AdvisorFigures {
  model: string
  cells: Cell[]
  recommendations: Recommendation[]
  summary: Summary
}

/** What is asked of the advisor: to be within 1.5 points of what is measured, and to lose at most one to any other plan. */
export interface Summary {
  cells: number
  within: number
  farthest: number
  recommendations: number
  mostLost: number
}

const WITHIN = 0.015

/** Calibrates on images for learning, asks the advisor, and scores what it says on test images. */
export async function advisorFigures(
  network: Network,
  dataset: Dataset,
  { seed, progress }: { seed: number; progress: (line: string) => void }
): Promise<AdvisorFigures> {
  const executor = onnxExecutor({ models: [{ name: 'deployed', path: dataset.models.deployed }] })
  await executor.start()
  const models = await Models.load(dataset.models)
  try {
    const cells: Cell[] = []
    const recommendations: Recommendation[] = []
    const { sizes, scored: counts } = COMPARISONS[network.name]
    for (const size of sizes) {
      progress(`(N, K) = (${size.n}, ${size.k}): calibrating`)
      const profile = await calibrated(executor, dataset, { size, queries: counts.calibration, seed })
      progress(`(N, K) = (${size.n}, ${size.k}): scoring on test images`)
      const scoring = new Scoring(models, dataset, { size, queries: counts.test, classes: profile.width, seed })
      for (const stragglers of size.stragglers) {
        const fleet = { workers: size.n, stragglers: { count: stragglers } }
        const advice = advise({ profile, fleet, k: size.k })
        const compared = advice.plans.filter(plan => plan.code.n === size.n || plan === advice.recommended)
        const scored = []
        for (const plan of compared) scored.push({ plan, ...(await scoring.measured(plan, fleet)) })
        cells.push(...scored.map(one => cellOf(one, size, stragglers)))
        recommendations.push(recommendationOf(scored, advice.recommended, { size, stragglers }))
      }
    }
    return { model: executor.models[0].id, cells, recommendations, summary: summaryOf(cells, recommendations) }
  } finally {
    await models.close()
    await executor.stop()
  }
}

/** NeRCC in both layouts, calibrated on images that the test does not have. */
async function calibrated(
  executor: OnnxExecutor,
  { learning }: Dataset,
  { size: { k, n }, queries, seed }: { size: Size; queries: number; seed: number }
): Promise<Profile> {
  const [{ id, signature }] = executor.models
  const shape = signature.inputs[0].shape.slice(1).map(length => length ?? 1)
  const layouts = ['paper', 'systematic'] as const
  const { profile } = await calibrate({
    executor,
    model: id,
    data: learning.pixels.map(pixels => Tensor.float32(pixels, shape)),
    labels: Array.from(learning.labels),
    // λ_e hardly matters, and to choose it would cost half as much again.
    plans: layouts.map(layout => ({ k, n, code: { name: 'nercc', layout, lambdaEncode: 0 } })),
    // A third as many are scored.
    groups: Math.ceil((3 * queries) / k),
    seed
  })
  return profile
}

function summaryOf(cells: readonly Cell[], recommendations: readonly Recommendation[]): Summary {
  const apart = cells.map(({ agreement: { expected, measured } }) => Math.abs(expected - measured.value))
  const lost = recommendations.map(({ recommended, best }) => best.agreement.value - recommended.agreement.value)
  return {
    cells: cells.length,
    within: apart.filter(each => each <= WITHIN).length,
    farthest: Math.max(...apart),
    recommendations: recommendations.length,
    mostLost: Math.max(...lost)
  }
}

interface Worths {
  agreement: Estimate
  accuracy: Estimate
  degradedAgreement?: Estimate
}

/** Measures plans of one size on test images, each once. */
class Scoring {
  readonly #models: Models
  readonly #dataset: Dataset
  readonly #size: Size
  readonly #queries: number
  readonly #seed: number
  readonly #guess: Estimate
  readonly #known = new Map<string, Map<number, Measured>>()

  constructor(
    models: Models,
    dataset: Dataset,
    { size, queries, classes, seed }: { size: Size; queries: number; classes: number; seed: number }
  ) {
    this.#models = models
    this.#dataset = dataset
    this.#size = size
    this.#queries = queries
    this.#seed = seed
    this.#guess = { value: 1 / classes, standardError: 0 }
  }

  /** What a plan gives in a fleet. One with fewer tasks than workers meets any number of the stragglers. */
  async measured(plan: AdvisedPlan, fleet: FleetFacts): Promise<Worths> {
    const byStragglers = await this.#measure(plan)
    const cases = stragglersAmong(plan.code.n, fleet).flatMap((probability, straggling) =>
      probability < 1e-12 ? [] : [{ probability, measured: byStragglers.get(straggling) }]
    )
    const mean = (of: (measured: Measured) => Estimate): Estimate => {
      // Where all workers of the plan straggle, all is guessed.
      const all = cases.map(({ probability, measured }) => ({
        probability,
        ...(measured ? of(measured) : this.#guess)
      }))
      return {
        value: all.reduce((sum, { probability, value }) => sum + probability * value, 0),
        // The same test groups stand behind each: their errors go together.
        standardError: all.reduce((sum, each) => sum + each.probability * each.standardError, 0)
      }
    }
    return {
      agreement: mean(({ agreement }) => agreement.overall),
      accuracy: mean(({ accuracy }) => accuracy.overall),
      degradedAgreement: cases.length === 1 ? cases[0].measured?.agreement.degraded : undefined
    }
  }

  async #measure({ code, order, calibrated }: AdvisedPlan): Promise<Map<number, Measured>> {
    const key = JSON.stringify([code, order])
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const { name, ...options } = code
    const made = codeFamily(name).create(options)
    const decoder = calibrated === undefined ? linearDecoder(made) : profileDecoder(calibrated)
    const { stragglers, n, k } = this.#size
    const measured = await measure(
      this.#models,
      this.#dataset.test,
      { code: made, order, decoder },
      {
        groups: Math.ceil(this.#queries / k),
        sets: SETS,
        stragglers: code.n === n ? stragglers : Array.from({ length: code.n }, (_, straggling) => straggling),
        seed: this.#seed
      }
    )
    const byStragglers = new Map(measured.map(one => [one.stragglers, one]))
    this.#known.set(key, byStragglers)
    return byStragglers
  }
}

function cellOf({ plan, ...measured }: Worths & { plan: AdvisedPlan }, { k }: Size, stragglers: number): Cell {
  const { agreement, accuracy } = plan
  const degraded = agreement?.degraded
  const { degradedAgreement } = measured
  return {
    k,
    n: plan.code.n,
    stragglers,
    code: titleOf(plan),
    agreement: { expected: agreement?.overall ?? Number.NaN, measured: measured.agreement },
    accuracy: { expected: accuracy?.overall ?? Number.NaN, measured: measured.accuracy },
    ...(degraded !== undefined &&
      degradedAgreement && {
        degradedAgreement: { expected: degraded, measured: degradedAgreement }
      })
  }
}

function recommendationOf(
  scored: ReadonlyArray<Worths & { plan: AdvisedPlan }>,
  recommended: AdvisedPlan,
  { size, stragglers }: { size: Size; stragglers: number }
): Recommendation {
  const told = scored.map(({ plan, agreement }) => ({ plan, code: titleOf(plan), n: plan.code.n, agreement }))
  const best = told.reduce((a, b) => (b.agreement.value > a.agreement.value ? b : a))
  const chosen = told.find(({ plan }) => plan === recommended) ?? best
  const plain = ({ code, n, agreement }: typeof best) => ({ code, n, agreement })
  return { k: size.k, workers: size.n, stragglers, recommended: plain(chosen), best: plain(best) }
}

function titleOf({ code: { name, layout } }: AdvisedPlan): string {
  return layout === 'systematic' ? `systematic ${name}` : name
}
