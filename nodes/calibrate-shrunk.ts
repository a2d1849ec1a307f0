import { readFile } from 'node:fs/promises'
import { codeFamily } from '../src/codes/index.ts'
import { contentId, type Model } from '../src/models/index.ts'
import type { ShrunkProfile } from '../src/profiles/index.ts'
import { type OnnxModel, onnxExecutor } from '../src/runtime/index.ts'
import type { ImageShape } from '../src/students/index.ts'
import { runAll } from './calibration-groups.ts'
import { InvalidOptionError } from './errors.ts'
import { fitDescription } from './fit-description.ts'
import { checkQueries, chooseOutput, type Queries } from './queries.ts'

export interface CalibrateShrunkInit {
  /** The deployed model. It has one input, of images, channels first. */
  model: OnnxModel
  /** Queries like those that will be asked, without labels. */
  data: Queries
  /** The output with its logits. @default 'logits' if there is one, else the first */
  output?: string
  /** Of the plans of such groups the best one decides which description is taken. @default (8, 12) with 2 stragglers */
  group?: { k: number; n: number; stragglers: number }
  signal?: AbortSignal
}

/** A description model for workers to serve, and what the master has to know of it. */
export interface ShrunkDescription {
  /** An ONNX file. */
  file: Uint8Array
  profile: ShrunkProfile
}

/**
 * Makes a description of the deployed model, and learns what it is worth; see {@link fitDescription}.
 *
 * @returns `undefined` where the graph takes no smaller images, or what it says of them is no better than copies
 * @throws {InvalidOptionError} the model takes no images of one size, or there are too few
 * @throws {ShapeMismatchError | DtypeMismatchError | SignatureMismatchError | NotFiniteError} the data do not fit the model
 * @throws {ModelLoadError | RunFailedError | StudentFitError} the model cannot be run, or be a description
 */
export async function calibrateShrunk(init: CalibrateShrunkInit): Promise<ShrunkDescription | undefined> {
  const { model, output, images, logits } = await answered(init)
  const shape = imageShape(model)
  const file = await readFile(init.model.path)
  const { best } = await fitDescription({ model: file, output, images, shape, logits, group: init.group })
  if (best === undefined) {
    return undefined
  }
  const { view, together, confidence, agreement, regret, error } = best
  const profile = {
    version: 1 as const,
    model: model.id,
    description: contentId(best.file),
    output,
    shape,
    view,
    together,
    confidence,
    agreement,
    regret,
    error,
    queries: images.length
  }
  return { file: best.file, profile }
}

/** The deployed model's own logits of all queries. */
async function answered({ model: deployed, data, output: asked, signal }: CalibrateShrunkInit) {
  const executor = onnxExecutor({ models: [deployed] })
  try {
    await executor.start()
    const [model] = executor.models
    const output = chooseOutput(model, codeFamily('replication'), asked)
    const [{ name }] = model.signature.inputs
    const queries = (await checkQueries(data, model)).map(query => query[name])
    const logits = await runAll({ executor, model, output, signal }, queries)
    return { model, output, images: queries.map(({ data: values }) => Float32Array.from(values, Number)), logits }
  } finally {
    await executor.stop()
  }
}

/**
 * The axes of the images that a model takes.
 *
 * @throws {InvalidOptionError} it takes none of one size
 */
function imageShape({ name, signature: { inputs } }: Model): ImageShape {
  const [channels, height, width, ...more] = inputs[0].shape.slice(1)
  if (channels == null || height == null || width == null || more.length > 0) {
    throw new InvalidOptionError(
      `this takes a model of images of one size, channels first, and '${name}' takes [${inputs[0].shape.join(', ')}]`
    )
  }
  return { channels, height, width }
}
