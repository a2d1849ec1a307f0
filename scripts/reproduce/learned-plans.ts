import { descriptionOf, parityPlan, studentCompanion } from '../../nodes/index.ts'
import { type AdvisedPlan, advise } from '../../src/advisor/index.ts'
import { type CalibratedCode, codeFamily, expectedQuality, profileDecoder } from '../../src/codes/index.ts'
import { type CalibratedPlan, linearPlan, type Plan, planSpec, type Side, sidePlan } from '../../src/inference/index.ts'
import type { LearnedModels, Trained } from './learned-models.ts'
import type { Worths } from './learned-worths.ts'

/** Queries of a group, its workers, and how many of them straggle. */
export interface LearnedCell {
  k: number
  n: number
  stragglers: number
}

/** A way to use the workers of a group. */
export interface Way {
  method: string
  /** By which its companion was trained, where that is not the one that is shipped. */
  seed?: number
  /** What it decodes. */
  output: 'softmax' | 'logits'
  /** The queries and workers of a cell are those of so many groups. */
  parts: number
  plan(): Plan
}

export interface WaysInit {
  models: LearnedModels
  /** The name of the deployed model. */
  deployed: string
  trained: readonly Trained[]
  worths: Worths
}

const PARITY_METHODS: Partial<Record<Trained['kind'], string>> = {
  parity: 'ParM',
  concatenated: 'ParM, concatenating',
  encoder: 'Coded-InvNet'
}

/** Plain copies, and what was trained for such groups of the deployed model. */
export async function trainedWays(cell: LearnedCell, init: WaysInit): Promise<Way[]> {
  const ways = [copies(cell, init)]
  for (const trained of init.trained) {
    const { kind, k, seed } = trained
    const parts = cell.k / k
    if (kind === 'mosaic') {
      const side = await mosaicSide(cell, trained, init)
      if (side !== undefined) ways.push({ ...sided('mosaic', cell, { side, ...init }), seed })
    } else if (Number.isInteger(parts) && cell.n === cell.k + parts) {
      ways.push({ ...(await parityWay(trained, init)), parts, seed })
    }
  }
  return ways
}

/** What the master itself can do beside copies and what was trained, and a code in both layouts. */
export async function otherWays(cell: LearnedCell, init: WaysInit): Promise<Way[]> {
  const student = await studentSide(init)
  const shipped = init.trained.find(({ kind, seed }) => kind === 'mosaic' && seed === undefined)
  const mosaic = shipped && (await mosaicSide(cell, shipped, init))
  const { plans } = await init.worths.codes(cell)
  return [
    sided('backup model', cell, { side: student, ...init }),
    ...(mosaic ? [sided('backup model + mosaic', cell, { side: { ...student, ...mosaic }, ...init })] : []),
    ...plans.map(calibrated => coded(cell, calibrated, init))
  ]
}

/** The method that the advisor recommends of all these, for exactly these workers. */
export async function advisedMethod({ k, n, stragglers }: LearnedCell, init: WaysInit): Promise<string> {
  const { worths, trained } = init
  const shipped = trained.filter(({ seed }) => seed === undefined)
  const mosaic = shipped.find(each => each.kind === 'mosaic' && k >= each.k)
  const parityOf = (kind: Trained['kind']) => shipped.find(each => each.kind === kind && each.k === k)
  // Tiles tell more than sums.
  const parity = parityOf('concatenated') ?? parityOf('parity')
  const description = mosaic && (await worths.description(mosaic))
  const parities = parity && (await worths.parity(parity))
  const { recommended } = advise({
    profile: await worths.codes({ k, n }),
    fleet: { workers: n, stragglers: { count: stragglers } },
    student: await worths.student(),
    description: description && {
      ...description,
      together: description.side ** 2,
      queries: description.groups * description.side ** 2
    },
    parity: parities && {
      ...parities,
      missing: parities.missing.map(({ agreement }) => ({ agreement: agreement?.mean }))
    },
    k,
    n
  })
  return methodOf(recommended, parity)
}

function methodOf({ code, calibrated, student, description }: AdvisedPlan, parity: Trained | undefined): string {
  if (calibrated !== undefined) return codeMethod(calibrated)
  if (code.name === 'parm' && parity !== undefined) return parityMethod(parity)
  return [...(student ? ['backup model'] : []), ...(description ? ['mosaic'] : [])].join(' + ') || 'replication'
}

function codeMethod({ code }: CalibratedCode): string {
  return code.layout === 'systematic' ? 'systematic NeRCC' : 'NeRCC'
}

function initOf({ k, n, stragglers }: LearnedCell, { models, deployed }: WaysInit, output: Way['output']) {
  return { model: models.model(deployed).id, output, k, n, stragglers, deadline: 1 }
}

function copies(cell: LearnedCell, init: WaysInit): Way {
  const spec = planSpec({ ...initOf(cell, init, 'logits'), code: codeFamily('replication') })
  return { method: 'replication', output: 'logits', parts: 1, plan: () => linearPlan(spec) }
}

function coded(cell: LearnedCell, calibrated: CalibratedCode, init: WaysInit): Way {
  const { code, order } = calibrated
  const { k: _, n: __, name, ...codeOptions } = code
  const decoding: CalibratedPlan = {
    id: codeMethod(calibrated),
    decoder: profileDecoder(calibrated),
    assess: (operator, predictions) => expectedQuality(calibrated.reliability, operator, predictions),
    suspects: () => []
  }
  const how = { code: codeFamily(name), codeOptions, order, calibrated: decoding }
  const spec = planSpec({ ...initOf(cell, init, 'logits'), ...how })
  return { method: codeMethod(calibrated), output: 'logits', parts: 1, plan: () => linearPlan(spec) }
}

async function parityWay(trained: Trained, init: WaysInit): Promise<Omit<Way, 'parts' | 'seed'>> {
  const { models, deployed, worths } = init
  const profile = await worths.parity(trained)
  const { k } = trained
  const output = trained.kind === 'encoder' ? 'logits' : 'softmax'
  const asked = initOf({ k, n: k + 1, stragglers: 1 }, init, output)
  const plan = parityPlan(profile, models.model(deployed), models.executor.models)
  const spec = planSpec({ ...asked, code: codeFamily('parm'), ...plan })
  return { method: parityMethod(trained), output, plan: () => linearPlan(spec) }
}

function parityMethod({ kind }: Trained): string {
  return PARITY_METHODS[kind] ?? kind
}

function sided(method: string, cell: LearnedCell, { side, ...init }: WaysInit & { side: Side }): Way {
  const spec = planSpec({ ...initOf(cell, init, 'logits'), code: codeFamily('replication'), side })
  return { method, output: 'logits', parts: 1, plan: () => sidePlan(spec, side) }
}

async function studentSide({ models, worths }: WaysInit): Promise<Side> {
  const { confidence, studentOutput } = await worths.student()
  return { student: studentCompanion({ student: models.model('student'), output: studentOutput, confidence }) }
}

/** A mosaic is whole: smaller groups than it has tiles go without. */
async function mosaicSide(cell: LearnedCell, trained: Trained, init: WaysInit): Promise<Side | undefined> {
  if (cell.k < trained.k) return undefined
  const profile = await init.worths.description(trained)
  return { description: descriptionOf(profile, { model: init.models.model(init.deployed), output: 'logits' }) }
}
