import { expectedLoss, spares } from '../src/advisor/index.ts'
import { type Confidence, learnConfidence, readLogits, regret } from '../src/codes/index.ts'
import { type OnnxExecutor, RunFailedError } from '../src/runtime/index.ts'
import {
  type ImageShape,
  type SmallerModel,
  shrinking,
  smallerModel,
  type View,
  withReadout
} from '../src/students/index.ts'
import { Tensor } from '../src/tensor/index.ts'
import { crossFitted } from './cross-fitted.ts'
import { InvalidOptionError } from './errors.ts'
import { withModel } from './with-model.ts'

export interface FitDescriptionInit {
  /** The ONNX file of the deployed model, and its output with the logits. */
  model: Uint8Array
  output: string
  /** Unlabelled queries, each of channels·height·width values. */
  images: readonly Float32Array[]
  shape: ImageShape
  /** The deployed model's own logits of each. */
  logits: readonly Float32Array[]
  /** Of the plans with copies and descriptions of such groups the best one decides. @default (8, 12) with 2 stragglers */
  group?: { k: number; n: number; stragglers: number }
}

/** A way to describe queries that was tried: what it agrees in with the model on queries that it was not fitted to. */
export interface TriedDescription {
  view: View
  /** Queries that share a run which costs what one costs the model. */
  together: number
  /** How the model says what it sees: as it always does, or corrected by a ridge regression on what its last layer reads. */
  head: 'plain' | 'ridge'
  agreement: number
  /** What a group loses with it, in queries. */
  loss: number
}

export interface FittedDescription extends TriedDescription {
  /** An ONNX file: images of the view [batch, channels, height, width] to `description` [batch, classes]. */
  file: Uint8Array
  confidence: Confidence
  /** What it costs to take its classes in place of the model's own. */
  regret: number
  /** ‖p − f‖² of logits without their class mean, as it is expected on the mean. */
  error: number
  /** What it says of each of the images, by a correction that was not fitted to it. */
  answers: readonly Float32Array[]
}

export interface DescriptionFit {
  /** The best one; absent where the graph takes no smaller images, or none is better than copies. */
  best?: FittedDescription
  tried: TriedDescription[]
}

/** Queries that share a run, each then of the largest size that allows it. */
const TOGETHER = [2, 4]
/** The whole image, or without an eighth of each side: what is seen is then seen larger. */
const SEEN = [1, 7 / 8]
/** Large images are shrunk to a multiple of 8 pixels, so that strides meet the same borders as before. */
const LARGE = 64
/** A run that is shared may cost so much more than one of the model. */
const DEARER = 1.05
const FOLDS = 5
const LAMBDAS = [1e-2, 1, 100]
/** Numbers in the images of one run: what a layer makes of them stays in the cache. */
const NUMBERS_AT_ONCE = 2 ** 16

/**
 * Finds out whether the deployed graph can describe several queries in one run, by running it on smaller images: two or
 * four that have as many pixels as one of the model's, whole or without their borders. What it says of them is corrected by a ridge regression
 * onto its own answers to the queries as they are, if that agrees more with them; every figure is of images that the
 * correction was not fitted to (five folds).
 *
 * @throws {InvalidOptionError} there are fewer than 5 images, or not as many logits as images
 * @throws {MalformedModelError | StudentFitError} the model is none whose graph could take smaller images
 */
export async function fitDescription(init: FitDescriptionInit): Promise<DescriptionFit> {
  const { images, logits, shape, model, output } = init
  if (images.length < FOLDS || images.length !== logits.length) {
    throw new InvalidOptionError(
      `a description is fitted to at least ${FOLDS} images and the logits of each; got ${images.length} and ${logits.length}`
    )
  }
  const anySize = smallerModel(model, output, [shape.channels, 'height', 'width'])
  const fitted: FittedDescription[] = []
  await withModel(anySize.file, async executor => {
    for (const sharing of sharingsOf(shape)) {
      const said = await describeAll(executor, anySize, sharing.view, init)
      if (said !== undefined) {
        fitted.push(fitHead(sharing, said, init))
      }
    }
  })
  const tried = fitted.map(({ view, together, head, agreement, loss }) => ({ view, together, head, agreement, loss }))
  const [best] = fitted.toSorted((a, b) => a.loss - b.loss)
  return best !== undefined && best.loss < lossWith(undefined, init) ? { best, tried } : { tried }
}

type Sharing = Pick<TriedDescription, 'view' | 'together'>

function sharingsOf({ height, width }: ImageShape): Sharing[] {
  const unit = Math.min(height, width) >= LARGE ? 8 : 1
  return TOGETHER.flatMap(together => {
    const shrunk = (length: number): number => unit * Math.floor((length * Math.sqrt(DEARER / together)) / unit)
    return SEEN.map(seen => ({ view: { height: shrunk(height), width: shrunk(width), seen }, together }))
  })
}

/** What a graph says of images, and the features that it says it from. */
interface Said {
  logits: Float32Array[]
  features: Float32Array[]
}

/** What it says of all images, shrunk; `undefined` if it cannot be run on them. */
async function describeAll(
  executor: OnnxExecutor,
  { output, features }: SmallerModel,
  view: View,
  { images, shape }: FitDescriptionInit
): Promise<Said | undefined> {
  const [{ id, signature }] = executor.models
  const shrink = shrinking(shape, view)
  const size = shape.channels * view.height * view.width
  const together = Math.max(1, Math.floor(NUMBERS_AT_ONCE / size))
  const said: Said = { logits: [], features: [] }
  for (let from = 0; from < images.length; from += together) {
    const some = images.slice(from, from + together)
    const data = new Float32Array(some.length * size)
    some.forEach((image, i) => {
      data.set(shrink(image), i * size)
    })
    const input = Tensor.float32(data, [some.length, shape.channels, view.height, view.width])
    const run = { model: id, inputs: { [signature.inputs[0].name]: input }, outputs: [output, features] }
    const outputs = await answered(executor, run)
    if (outputs === undefined) {
      return undefined
    }
    for (const row of some.keys()) {
      said.logits.push(Float32Array.from(outputs[output].row(row).data, Number))
      said.features.push(Float32Array.from(outputs[features].row(row).data, Number))
    }
  }
  return said
}

/** `undefined` where a layer takes no fewer features than it was made for: such a model describes nothing. */
async function answered(executor: OnnxExecutor, run: Parameters<OnnxExecutor['run']>[0]) {
  try {
    return (await executor.run(run)).outputs
  } catch (error) {
    if (error instanceof RunFailedError) {
      return undefined
    }
    throw error
  }
}

function fitHead({ view, together }: Sharing, said: Said, init: FitDescriptionInit): FittedDescription {
  const { shape, model, output } = init
  const smaller = smallerModel(model, output, [shape.channels, view.height, view.width])
  const plain = { head: 'plain' as const, answers: said.logits, file: withReadout(smaller) }
  const corrected = correct(smaller, said, init)
  const best = agreementOf(corrected.answers, init) > agreementOf(plain.answers, init) ? corrected : plain
  const confidence = learnConfidence(best.answers, init.logits)
  const agreement = agreementOf(best.answers, init)
  const loss = lossWith({ agreement, together }, init)
  const errors = best.answers.map(answer => readLogits(confidence, answer).expected.error)
  const error = errors.reduce((sum, each) => sum + each, 0) / errors.length
  return { ...best, view, together, agreement, regret: regret(best.answers, init.logits), error, loss, confidence }
}

/** The correction with the least squared error on queries that it was not fitted to, and what it then says of them. */
function correct(smaller: SmallerModel, { logits, features }: Said, { logits: own }: FitDescriptionInit) {
  const missing = own.map((exact, i) => less(centred(exact), centred(logits[i])))
  const { readout, said } = crossFitted(features, missing, LAMBDAS)
  const answers = logits.map((answer, i) => plus(answer, said[i]))
  return { head: 'ridge' as const, answers, file: withReadout(smaller, readout) }
}

/** What a group is expected to lose, in queries, when spare workers copy or describe. */
function lossWith(
  description: { agreement: number; together: number } | undefined,
  { group: { k, n, stragglers } = { k: 8, n: 12, stragglers: 2 } }: FitDescriptionInit
): number {
  const losses = new Array<number>(k).fill(1)
  const described = description && { loss: 1 - description.agreement, together: description.together }
  const asked = {
    losses,
    count: n - k,
    fleet: { workers: n, stragglers: { count: stragglers } },
    description: described
  }
  return expectedLoss(asked, spares(asked))
}

function agreementOf(answers: readonly Float32Array[], { logits }: FitDescriptionInit): number {
  return answers.filter((answer, i) => argmax(answer) === argmax(logits[i])).length / answers.length
}

function centred(logits: Float32Array): Float32Array {
  const mean = logits.reduce((sum, value) => sum + value, 0) / logits.length
  return logits.map(value => value - mean)
}

function plus(a: Float32Array, b: Float32Array): Float32Array {
  return a.map((value, i) => value + b[i])
}

function less(a: Float32Array, b: Float32Array): Float32Array {
  return a.map((value, i) => value - b[i])
}

function argmax(values: Float32Array): number {
  return values.indexOf(Math.max(...values))
}
