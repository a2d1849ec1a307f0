import { cutsOf, isExit, readOnnx } from '../src/models/index.ts'
import {
  type ExitFeatures,
  exitFeatures,
  featuresModel,
  LAMBDAS,
  StudentFitError,
  withExits
} from '../src/students/index.ts'
import { stack, type Tensor } from '../src/tensor/index.ts'
import { crossFitted } from './cross-fitted.ts'
import { InvalidOptionError } from './errors.ts'
import { traced } from './multiply-adds.ts'
import { withModel } from './with-model.ts'

export interface FitExitsInit {
  /** The ONNX file of the deployed model. */
  model: Uint8Array
  /** Unlabelled, each with its batch axis. */
  queries: readonly Tensor[]
  /** The deployed model's own logits of each. */
  logits: readonly Float32Array[]
  /** About which shares of its multiply-adds are done at the exits, ascending. @default a third and two thirds */
  at?: readonly number[]
}

/** An exit, and what it says. */
export interface FittedExit {
  /** The name of its output. */
  output: string
  /** The share of the model's multiply-adds that are done when it speaks. */
  at: number
  /** What it says of each of the queries, by a readout that was not fitted to it. */
  answers: readonly Float32Array[]
}

export interface ExitsFit {
  /** An ONNX file: the model with an output more for each exit, float32 [batch, classes]. */
  file: Uint8Array
  exits: FittedExit[]
}

const AT = [1 / 3, 2 / 3]
const LEAST = 5
/** Queries in one run. */
const TOGETHER = 64

/**
 * Gives a model exits: at cuts where one tensor alone passes, what will become of a query is read from that tensor by a ridge
 * regression onto the model's own answers (linear probes: Alain and Bengio, "Understanding intermediate layers using linear
 * classifier probes", 2016). The model itself stays what it is.
 *
 * @throws {InvalidOptionError} there are fewer than 5 queries or not as many logits, a share is not between 0 and 1, or the model has exits
 * @throws {StudentFitError} nowhere does a single tensor of a shape that can be read pass, or at fewer places than are asked for
 * @throws {MalformedModelError | ModelLoadError | RunFailedError} it is no model that can be run here
 */
export async function fitExits({ model: file, queries, logits, at = AT }: FitExitsInit): Promise<ExitsFit> {
  if (queries.length < LEAST || queries.length !== logits.length) {
    throw new InvalidOptionError(
      `exits are fitted to at least ${LEAST} queries and the logits of each; got ${queries.length} and ${logits.length}`
    )
  }
  if (at.length === 0 || at.some(share => !(share > 0 && share < 1))) {
    throw new InvalidOptionError(`exits are at shares of the work between 0 and 1, got ${at.join(', ') || 'none'}`)
  }
  const model = readOnnx(file)
  if (model.graph?.output.some(({ name }) => isExit(name))) {
    throw new InvalidOptionError('the model has exits: give it as it was before')
  }
  const places = await placesOf(
    file,
    [...at].sort((a, b) => a - b)
  )
  const features = await featuresOf(featuresModel(model, places), places, queries)
  const targets = logits.map(centred)
  const fitted = places.map((place, i) => ({ ...place, ...crossFitted(features[i], targets, LAMBDAS) }))
  return {
    file: withExits(model, fitted),
    exits: fitted.map(({ exit, share, said }) => ({ output: exit, at: share, answers: said }))
  }
}

type Place = ExitFeatures & { share: number }

/** For each of these shares, the cut that is nearest, and of those as near the last: what follows a layer is cheap. */
async function placesOf(file: Uint8Array, at: readonly number[]): Promise<Place[]> {
  const { graph } = readOnnx(file)
  const found = graph === undefined ? [] : cutsOf(graph)
  const { work, shapes } = await traced(
    file,
    found.map(({ tensor }) => tensor)
  )
  const total = [...work.values()].reduce((sum, each) => sum + each, 0)
  const cuts = found.map(({ tensor, before }) => {
    const done = before.reduce((sum, { output }) => sum + (work.get(output[0]) ?? 0), 0)
    return { tensor, share: done / total }
  })
  const inside = cuts.filter(({ share }) => share > 0 && share < 1)
  const readable = inside.filter(({ tensor }) => exitFeatures('exit', tensor, shapes.get(tensor) ?? []) !== undefined)
  const nearest = at.map(wanted =>
    readable.reduce((a, b) => (Math.abs(b.share - wanted) <= Math.abs(a.share - wanted) ? b : a), readable[0])
  )
  if (nearest.some((cut, i) => cut === undefined || nearest.indexOf(cut) !== i)) {
    throw new StudentFitError(
      `this model has ${new Set(readable.map(({ share }) => share)).size} places for exits, and ${at.length} are asked for: ask for fewer, further apart`
    )
  }
  return nearest.flatMap(({ tensor, share }, i) => {
    const read = exitFeatures(`exit${i + 1}`, tensor, shapes.get(tensor) ?? [])
    return read === undefined ? [] : { ...read, share }
  })
}

/** The features of each place, of each of the queries. */
async function featuresOf(file: Uint8Array, places: readonly Place[], queries: readonly Tensor[]) {
  return withModel(file, async executor => {
    const [{ id, signature }] = executor.models
    const found = places.map((): Float32Array[] => [])
    for (let from = 0; from < queries.length; from += TOGETHER) {
      const some = queries.slice(from, from + TOGETHER)
      const inputs = { [signature.inputs[0].name]: stack(some.map(query => query.row(0))) }
      const { outputs } = await executor.run({ model: id, inputs, outputs: places.map(({ features }) => features) })
      places.forEach(({ features }, i) => {
        found[i].push(...some.map((_, row) => Float32Array.from(outputs[features].row(row).data, Number)))
      })
    }
    return found
  })
}

function centred(logits: Float32Array): Float32Array {
  const mean = logits.reduce((sum, value) => sum + value, 0) / logits.length
  return logits.map(value => value - mean)
}
