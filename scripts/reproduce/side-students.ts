import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import {
  type DescriptionFit,
  type FittedDescription,
  type FittedExit,
  fitDescription,
  fitExits,
  fitStudent
} from '../../nodes/index.ts'
import { random, shuffled } from '../../src/chance/index.ts'
import { shrinking } from '../../src/students/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { dataFile } from './data-files.ts'
import { type Dataset, shrunk } from './images.ts'
import { macsOf } from './macs.ts'
import { Models } from './models.ts'
import type { NetworkName } from './networks.ts'

/** What models say to the same images. */
export interface Answers {
  own: Float32Array[]
  student: Float32Array[]
  /** Of the smaller images, where the graph takes them. */
  description?: Float32Array[]
  /** Of each exit of the model. */
  exits?: Float32Array[][]
  labels: ArrayLike<number>
}

export interface SideAnswers {
  /** For people. */
  student: string
  /** Multiply-adds on a query. */
  macs: Record<'deployed' | 'student', number>
  /** The best description, and what was tried. */
  descriptions: DescriptionFit
  exits: FittedExits
  /** Images for learning that the student was not fitted to. */
  learning: Answers
  test: Answers
}

/** Exits of the model, and its own logits of the images that they were fitted to by cross-validation. */
export interface FittedExits {
  exits: readonly FittedExit[]
  own: readonly Float32Array[]
}

export interface SideStudentInit {
  /** Holds the data. */
  folder: string | undefined
  /** Where a student that is fitted is written to. */
  file: string
  seed: number
}

/** Patches of the students that are fitted, in closed form, to what the model says of unlabelled images. */
const PATCHES: Readonly<Partial<Record<NetworkName, number>>> = { mnist: 16, cifar10: 240 }
/** Of the images for learning, one in so many is for what a student is worth; it is fitted to the others, and to more. */
const HELD_BACK = 5
/** More of them tell a student little. */
const MOST_FITTED = 45_000
/** The student of photos: public, small, and fed what is left of them at its size. */
const SMALL = { title: 'MobileNetV1-0.25-128', file: 'models/mobilenet_v1_0.25_128_fp32.onnx', side: 128 }
/** Images for learning that a description is fitted to and judged by; more of them tell it little. */
const MOST_DESCRIBED = 3000
const STREAMS = { student: 31, description: 35 }

/** A small model, and what it is fed. */
interface Student {
  title: string
  file: string
  /** The images for learning that it was not fitted to. */
  held: number[]
  feed(pixels: readonly Float32Array[]): Promise<readonly Float32Array[]>
}

/**
 * Runs the model and a student on all images.
 *
 * @throws {MissingDataError} the small model is not in the folder
 */
export async function sideAnswers(name: NetworkName, dataset: Dataset, init: SideStudentInit): Promise<SideAnswers> {
  const { models, learning, test } = dataset
  const patches = PATCHES[name]
  const student = patches === undefined ? await small(dataset, init) : await fitted(dataset, { ...init, patches })
  const { title, file, held, feed } = student
  const both = await Models.load({ deployed: models.deployed, student: file })
  const ask = async (pixels: readonly Float32Array[], labels: ArrayLike<number>): Promise<Answers> => ({
    own: await both.logits('deployed', pixels),
    student: await both.logits('student', await feed(pixels)),
    labels
  })
  const answers = {
    learning: await ask(
      held.map(i => learning.pixels[i]),
      held.map(i => learning.labels[i])
    ),
    test: await ask(test.pixels, test.labels)
  }
  // They come class by class.
  const images = shuffled(learning.pixels, random(init.seed, STREAMS.description)).slice(0, MOST_DESCRIBED)
  const logits = await both.logits('deployed', images)
  const fit = { images, logits, output: both.outputOf('deployed') }
  await both.close()
  const descriptions = await fitDescription({ model: await readFile(models.deployed), shape: dataset.shape, ...fit })
  const { best } = descriptions
  const exits = await exitsOf(dataset, { images, logits, file: init.file.replace('student', 'exits') })
  return {
    student: title,
    macs: { deployed: await macsOf(models.deployed), student: await macsOf(file) },
    descriptions,
    exits: { exits: exits.fitted, own: logits },
    learning: answers.learning,
    test: { ...answers.test, exits: exits.said, ...(best && { description: await described(best, dataset, init) }) }
  }
}

/** Exits, fitted on images for learning, and what they say of all test images. */
async function exitsOf(
  { models, shape: { channels, height, width }, test }: Dataset,
  { images, logits, file }: { images: readonly Float32Array[]; logits: readonly Float32Array[]; file: string }
) {
  const queries = images.map(image => Tensor.float32(image, [1, channels, height, width]))
  const fit = await fitExits({ model: await readFile(models.deployed), queries, logits })
  await writeFile(file, fit.file)
  const model = await Models.load({ exits: file })
  const said = await model.exits(
    test.pixels,
    fit.exits.map(({ output }) => output)
  )
  await model.close()
  return { fitted: fit.exits, said }
}

/** What the description says of all test images. */
async function described(
  { file, view }: FittedDescription,
  { shape, test }: Dataset,
  { file: studentFile }: SideStudentInit
): Promise<Float32Array[]> {
  const saved = studentFile.replace('student', 'description')
  await writeFile(saved, file)
  const model = await Models.load({ description: saved })
  const said = await model.logits('description', test.pixels.map(shrinking(shape, view)))
  await model.close()
  return said
}

async function small({ learning, shape }: Dataset, { folder }: SideStudentInit): Promise<Student> {
  return {
    title: SMALL.title,
    file: path.resolve((await dataFile(folder, SMALL.file)).found),
    held: [...learning.pixels.keys()],
    feed: pixels => Promise.all(pixels.map(image => shrunk(image, { from: shape.height, to: SMALL.side, low: -1 })))
  }
}

async function fitted(
  { models: { deployed }, learning, shape, fitted: more }: Dataset,
  { file, seed, patches }: SideStudentInit & { patches: number }
): Promise<Student> {
  const chance = random(seed, STREAMS.student)
  const order = shuffled(learning.pixels.keys(), chance)
  const rest = order.filter((_, i) => i % HELD_BACK !== 0).map(i => learning.pixels[i])
  const images = shuffled([...rest, ...((await more?.()) ?? [])], chance).slice(0, MOST_FITTED)
  const teacher = await Models.load({ deployed })
  const logits = await teacher.logits('deployed', images)
  await teacher.close()
  await writeFile(file, await fitStudent({ queries: images, shape, logits, patches, seed }))
  return {
    title: `${patches} patches fitted to ${images.length} images`,
    file,
    held: order.filter((_, i) => i % HELD_BACK === 0),
    feed: async pixels => pixels
  }
}
