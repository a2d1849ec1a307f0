import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fitStudent } from '../../nodes/index.ts'
import { random, shuffled } from '../../src/chance/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import type { Dataset } from './images.ts'
import { LearnedModels, type Trained, trainedFiles } from './learned-models.ts'
import { advisedMethod, type LearnedCell, otherWays, trainedWays, type WaysInit } from './learned-plans.ts'
import { type Asked, drawCell, type LearnedRow, rowOf } from './learned-row.ts'
import { type LearnedTrainings, overTrainings } from './learned-trainings.ts'
import { worthsOf } from './learned-worths.ts'
import { Models } from './models.ts'
import type { NetworkName } from './networks.ts'
import { argmax, mean } from './score.ts'

/** What a size of groups is called on the command line. */
export function sizeOf({ k, n }: LearnedCell): string {
  return `${k},${n}`
}

/** Groups whose plans are compared; of one straggler, each worker is it in turn. */
export const CELLS: readonly LearnedCell[] = [
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

/** Of MNIST's training images the trainings hold back one in so many (`scripts/models/companion.py`); CIFAR-10's saw none of these. */
const HELD_BACK_EVERY: Readonly<Partial<Record<NetworkName, number>>> = { mnist: 10 }
/** More of them tell little. */
const MOST_HELD = 3000
/** The backup model where none was trained: patches of a student in closed form, and images that it is fitted to. */
const BACKUP = { patches: 240, images: 10_000 }
const STREAM = 43

export interface LearnedFigures {
  settings: { seed: number; testImages: number; queries: number }
  /** Of each deployed model by itself. */
  accuracy: Record<string, number>
  rows: LearnedRow[]
  trainings: LearnedTrainings[]
  /** What was not trained. */
  missing: string[]
}

export interface LearnedInit {
  network: NetworkName
  seed: number
  /** Test images in groups of each size, at most. */
  queries: number
  /** Sizes of the groups that are scored. */
  sizes: readonly string[]
  /** Are codes, a backup model and what the advisor recommends scored beside what was trained and copies? */
  beside: boolean
  /** Folders with further trainings of the same companions. */
  trainings: readonly string[]
  /** Where a backup model that is fitted is written to. */
  student: string
  progress(line: string): void
}

/** For whose models companions were trained. */
export function hasTrained(network: NetworkName): boolean {
  return network !== 'photos'
}

/** Scores what was trained for a network through the plans of the project, beside copies, codes and a backup model on as many workers. */
export async function learnedFigures(dataset: Dataset, init: LearnedInit): Promise<LearnedFigures> {
  const { network, seed, queries, sizes, beside, trainings } = init
  const asked = (cell: LearnedCell): boolean => sizes.includes(sizeOf(cell))
  const shipped = path.dirname(dataset.models.deployed)
  const name = path.basename(dataset.models.deployed, '.onnx')
  const { found, missing } = await trainedFiles({ shipped, further: trainings })
  const encoders = found.filter(({ kind }) => kind === 'encoder')
  const student = beside ? (dataset.models.student ?? (await fitBackup(dataset, init))) : undefined
  const files = new Map([
    [name, dataset.models.deployed],
    ...(student === undefined ? [] : [['student', student] as const]),
    ...found.map(({ model, file }) => [model, file] as const),
    ...encoders.flatMap(({ network }) => (network === undefined ? [] : [[network.model, network.file] as const]))
  ])
  const models = await LearnedModels.load(files)
  const image = (pixels: Float32Array) => Tensor.float32(pixels, [1, ...Object.values(dataset.shape)])
  const images = dataset.test.pixels.map(image)
  const every = HELD_BACK_EVERY[network] ?? 1
  const unseen = dataset.learning.pixels.filter((_, i) => i % every === 0)
  const held = shuffled(unseen, random(seed, STREAM)).slice(0, MOST_HELD).map(image)
  const scene = { models, images, labels: dataset.test.labels, held, init }
  try {
    const own = await scored(
      name,
      found.filter(({ kind }) => kind !== 'encoder'),
      { cells: CELLS.filter(asked), beside },
      scene
    )
    const coded = await scoredEncoders(encoders, [INVNET].filter(asked), scene)
    const rows = [own, ...coded].flatMap(each => each.rows)
    return {
      settings: { seed, testImages: images.length, queries },
      accuracy: Object.fromEntries([own, ...coded].map(each => [each.deployed, each.accuracy])),
      rows,
      trainings: overTrainings(rows),
      missing
    }
  } finally {
    await models.close()
  }
}

/** What every deployed model is scored with. */
interface Scene extends Pick<Asked, 'models' | 'images' | 'labels'> {
  models: LearnedModels
  held: readonly Tensor[]
  init: LearnedInit
}

interface Scored {
  deployed: string
  accuracy: number
  rows: LearnedRow[]
}

/** Each with the network that it was trained with as the deployed one. */
async function scoredEncoders(
  encoders: readonly Trained[],
  cells: readonly LearnedCell[],
  scene: Scene
): Promise<Scored[]> {
  const all: Scored[] = []
  for (const { network, ...encoder } of encoders) {
    if (network === undefined) continue
    const each = await scored(network.model, [encoder], { cells, beside: false }, scene)
    // Copies are scored beside the first training only.
    const rows = each.rows.filter(({ seed }) => seed === encoder.seed)
    all.push({ ...each, rows: rows.map(row => ({ ...row, deployed: network.name })) })
  }
  return all
}

/** @param beside are codes, a backup model and what the advisor recommends scored beside what was trained? */
async function scored(
  deployed: string,
  trained: readonly Trained[],
  { cells, beside }: { cells: readonly LearnedCell[]; beside: boolean },
  { models, images, labels, held, init }: Scene
): Promise<Scored> {
  const own = await models.logits(deployed, images)
  const accuracy = mean(own.map((logits, i) => Number(argmax(logits) === labels[i])))
  const ways: WaysInit = { models, deployed, trained, worths: worthsOf({ models, deployed, held, seed: init.seed }) }
  const rows: LearnedRow[] = []
  for (const cell of cells) {
    init.progress(`${deployed}: K = ${cell.k}, N = ${cell.n}, S = ${cell.stragglers}`)
    const asked = { models, groups: drawCell(cell, images.length, init), images, own, labels }
    const ofCell: LearnedRow[] = []
    for (const way of [...(await trainedWays(cell, ways)), ...(beside ? await otherWays(cell, ways) : [])]) {
      ofCell.push({ deployed, ...cell, ...(await rowOf(way, cell, asked)) })
    }
    rows.push(...ofCell, ...(beside ? await autoRows(cell, ways, ofCell) : []))
  }
  return { deployed, accuracy, rows }
}

/** What the advisor recommends is one of the ways, and scored already. */
async function autoRows(cell: LearnedCell, ways: WaysInit, rows: readonly LearnedRow[]): Promise<LearnedRow[]> {
  const chosen = await advisedMethod(cell, ways)
  return rows
    .filter(({ method, seed }) => method === chosen && seed === undefined)
    .map(row => ({ ...row, method: 'auto', chosen }))
}

/** A student in closed form, fitted to what the model says of images that it was itself fitted to. */
async function fitBackup({ models: { deployed }, learning, fitted, shape }: Dataset, { seed, student }: LearnedInit) {
  const most = { count: BACKUP.images, chance: random(seed, STREAM) }
  const pixels = (await fitted?.(most)) ?? shuffled(learning.pixels, most.chance).slice(0, most.count)
  const teacher = await Models.load({ deployed })
  const logits = await teacher.logits('deployed', pixels)
  await teacher.close()
  await writeFile(student, await fitStudent({ queries: pixels, shape, logits, patches: BACKUP.patches, seed }))
  return student
}
