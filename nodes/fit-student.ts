import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { random } from '../src/chance/index.ts'
import { onnxExecutor } from '../src/runtime/index.ts'
import {
  type FeatureGraph,
  type ImageShape,
  joinSums,
  LAMBDAS,
  noSums,
  patchBank,
  patchFeatures,
  projectionFeatures,
  type RidgeSums,
  randomProjection,
  ridge,
  squaredError,
  studentModel,
  sumsModel
} from '../src/students/index.ts'
import { Tensor } from '../src/tensor/index.ts'
import { InvalidOptionError } from './errors.ts'

export interface FitStudentInit {
  /** Unlabelled. */
  queries: readonly Float32Array[]
  /** Of a query: an image, channels apart; or the lengths of its axes, of a vector or a sequence. */
  shape: ImageShape | readonly number[]
  /** The deployed model's own logits of each, of one length. */
  logits: readonly Float32Array[]
  /**
   * Patches are the student's work and what it can tell apart; each gives nine features, and has as many random directions in
   * its place where queries are no images. @default 240, and fewer for fewer than some 2,000 queries
   */
  patches?: number
  /** Draws the patches. @default 1 */
  seed?: number
}

/** At most so many queries in one run: their features are summed up in float32, those of runs in float64. */
const BATCH = 500
/** Every so many runs one is held back, to choose λ on. */
const FOLDS = 5
/** Features that a patch gives. */
const PLACES = 9
const LEAST_PATCHES = 16
const MOST_PATCHES = 240
const PATCH_SIDE = 4
/** Images are shrunk by a whole number, to about so many pixels a side: half of MNIST's and CIFAR-10's. */
const SHRUNK_SIDE = 16

/**
 * Fits a student to what the deployed model says of these queries, in closed form. λ is the one with the least squared error on a
 * fifth of the queries when fitted to the others; the student is then fitted to all.
 *
 * @returns an ONNX file: a query [batch, …shape] to `logits` and `softmax` [batch, classes], and to the `features` they are read from
 * @throws {InvalidOptionError} there are fewer than 5 queries, or not as many logits as queries
 * @throws {StudentFitError} images are smaller than its patches, pooled
 */
export async function fitStudent(init: FitStudentInit): Promise<Uint8Array> {
  const { queries, logits } = init
  if (queries.length < FOLDS) {
    throw new InvalidOptionError(`a student is fitted to at least ${FOLDS} queries, got ${queries.length}`)
  }
  if (logits.length !== queries.length) {
    throw new InvalidOptionError(
      `a student needs the model's logits of each query: ${logits.length} of ${queries.length}`
    )
  }
  const features = featuresOf(init)
  const { fitted, held } = await sumUp(init, features)
  const errors = LAMBDAS.map(lambda => squaredError(held, ridge(fitted, lambda)))
  const best = errors.reduce((least, error, i) => (error < errors[least] ? i : least), 0)
  return studentModel(features, ridge(joinSums(fitted, held), LAMBDAS[best]))
}

function featuresOf({
  queries,
  shape,
  patches = defaultPatches(queries.length),
  seed = 1
}: FitStudentInit): FeatureGraph {
  const chance = random(seed)
  if (!('channels' in shape)) {
    return projectionFeatures(shape, randomProjection(queries, PLACES * patches, chance))
  }
  const shrink = Math.max(1, Math.round(Math.min(shape.height, shape.width) / SHRUNK_SIDE))
  return patchFeatures(shape, patchBank(queries, shape, { count: patches, side: PATCH_SIDE, shrink }, chance))
}

/** No more features than queries to learn from. */
function defaultPatches(queries: number): number {
  return Math.max(LEAST_PATCHES, Math.min(MOST_PATCHES, Math.floor(queries / PLACES)))
}

/** Adds up all batches in ONNX Runtime; it loads models from files, so the graph goes through one. */
async function sumUp(
  { queries, shape, logits }: FitStudentInit,
  features: FeatureGraph
): Promise<Record<'fitted' | 'held', RidgeSums>> {
  const classes = logits[0].length
  const axes = 'channels' in shape ? [shape.channels, shape.height, shape.width] : shape
  const folder = await mkdtemp(path.join(tmpdir(), 'splinemesh-student-'))
  try {
    const file = path.join(folder, 'sums.onnx')
    await writeFile(file, sumsModel(features, classes))
    const executor = onnxExecutor({ models: [{ name: 'sums', path: file }] })
    await executor.start()
    try {
      const [{ id }] = executor.models
      const sums = { fitted: noSums(features.count, classes), held: noSums(features.count, classes) }
      const together = Math.min(BATCH, Math.ceil(queries.length / FOLDS))
      for (let from = 0; from < queries.length; from += together) {
        const query = batch(queries.slice(from, from + together), axes)
        const targets = batch(logits.slice(from, from + together).map(centred), [1 + classes])
        const { outputs } = await executor.run({
          model: id,
          inputs: { [features.inputs[0].name]: query, targets },
          outputs: ['sums']
        })
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
