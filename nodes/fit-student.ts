import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { random } from '../src/chance/index.ts'
import { onnxExecutor } from '../src/runtime/index.ts'
import {
  featureCount,
  type ImageShape,
  joinSums,
  LAMBDAS,
  noSums,
  type PatchBank,
  patchBank,
  type RidgeSums,
  ridge,
  squaredError,
  studentModel,
  sumsModel
} from '../src/students/index.ts'
import { Tensor } from '../src/tensor/index.ts'
import { InvalidOptionError } from './errors.ts'

export interface FitStudentInit {
  /** Unlabelled queries, each of channels·height·width values. */
  images: readonly Float32Array[]
  shape: ImageShape
  /** The deployed model's own logits of each, of one length. */
  logits: readonly Float32Array[]
  /** Patches are the student's work and what it can tell apart. @default 240, and fewer for fewer than some 2,000 images */
  patches?: number
  /** Draws the patches. @default 1 */
  seed?: number
}

/** At most so many images in one run: their features are summed up in float32, those of runs in float64. */
const BATCH = 500
/** Every so many runs one is held back, to choose λ on. */
const FOLDS = 5
const LEAST_PATCHES = 16
const MOST_PATCHES = 240
const PATCH_SIDE = 4
/** Images are shrunk by a whole number, to about so many pixels a side: half of MNIST's and CIFAR-10's. */
const SHRUNK_SIDE = 16

/**
 * Fits a student to what the deployed model says of these images, in closed form. λ is the one with the least squared error on a
 * fifth of the images when fitted to the others; the student is then fitted to all.
 *
 * @returns an ONNX file: `image` [batch, channels, height, width] to `logits` and `softmax` [batch, classes], and the `features` [batch, …] before
 * @throws {InvalidOptionError} there are fewer than 5 images, or not as many logits as images
 * @throws {StudentFitError} the images are smaller than its patches, pooled
 */
export async function fitStudent(init: FitStudentInit): Promise<Uint8Array> {
  const { images, shape, logits, seed = 1 } = init
  const { patches = defaultPatches(images.length) } = init
  if (images.length < FOLDS) {
    throw new InvalidOptionError(`a student is fitted to at least ${FOLDS} images, got ${images.length}`)
  }
  if (logits.length !== images.length) {
    throw new InvalidOptionError(
      `a student needs the model's logits of each image: ${logits.length} of ${images.length}`
    )
  }
  const shrink = Math.max(1, Math.round(Math.min(shape.height, shape.width) / SHRUNK_SIDE))
  const bank = patchBank(images, shape, { count: patches, side: PATCH_SIDE, shrink }, random(seed))
  const { fitted, held } = await sumUp(init, bank)
  const errors = LAMBDAS.map(lambda => squaredError(held, ridge(fitted, lambda)))
  const best = errors.reduce((least, error, i) => (error < errors[least] ? i : least), 0)
  return studentModel(shape, bank, ridge(joinSums(fitted, held), LAMBDAS[best]))
}

/** No more features than images to learn them from: nine of each patch. */
function defaultPatches(images: number): number {
  return Math.max(LEAST_PATCHES, Math.min(MOST_PATCHES, Math.floor(images / 9)))
}

/** Adds up all batches in ONNX Runtime; it loads models from files, so the graph goes through one. */
async function sumUp(
  { images, shape, logits }: FitStudentInit,
  bank: PatchBank
): Promise<Record<'fitted' | 'held', RidgeSums>> {
  const classes = logits[0].length
  const folder = await mkdtemp(path.join(tmpdir(), 'splinemesh-student-'))
  try {
    const file = path.join(folder, 'sums.onnx')
    await writeFile(file, sumsModel(shape, bank, classes))
    const executor = onnxExecutor({ models: [{ name: 'sums', path: file }] })
    await executor.start()
    try {
      const [{ id }] = executor.models
      const sums = { fitted: noSums(featureCount(bank), classes), held: noSums(featureCount(bank), classes) }
      const together = Math.min(BATCH, Math.ceil(images.length / FOLDS))
      for (let from = 0; from < images.length; from += together) {
        const image = batch(images.slice(from, from + together), [shape.channels, shape.height, shape.width])
        const targets = batch(logits.slice(from, from + together).map(centred), [1 + classes])
        const { outputs } = await executor.run({ model: id, inputs: { image, targets }, outputs: ['sums'] })
        const { matrix } = (from / together) % FOLDS === FOLDS - 1 ? sums.held : sums.fitted
        outputs.sums.data.forEach((sum, i) => {
          matrix[i] += Number(sum)
        })
      }
      return sums
    } finally {
      await executor.stop()
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

function batch(rows: readonly Float32Array[], shape: readonly number[]): Tensor {
  const data = new Float32Array(rows.length * rows[0].length)
  rows.forEach((row, i) => {
    data.set(row, i * row.length)
  })
  return Tensor.float32(data, [rows.length, ...shape])
}

/** A one, then the logits without their mean, which says nothing of the class. */
function centred(logits: Float32Array): Float32Array {
  const mean = logits.reduce((sum, value) => sum + value, 0) / logits.length
  return Float32Array.of(1, ...logits.map(value => value - mean))
}
