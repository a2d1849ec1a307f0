import { type Random, random, shuffled } from '../src/chance/index.ts'
import { encode, type LinearCode, linearDecoder, parm } from '../src/codes/index.ts'
import { learnParityWorth, mosaic, type ParityTrial, tilesOf } from '../src/companions/index.ts'
import { checkInputs, headersOf, type Model } from '../src/models/index.ts'
import type { ParityProfile } from '../src/profiles/index.ts'
import { Tensor } from '../src/tensor/index.ts'
import { outputsOf } from './calibration-choice.ts'
import { drawGroups, floats, type ModelRun, runAll } from './calibration-groups.ts'
import { type CompanionRuns, judgingQueries, requireAlike, runOf } from './companion-run.ts'
import { InvalidOptionError } from './errors.ts'
import { type Queries, rowsTogether } from './queries.ts'

export interface CalibrateParitiesInit extends CompanionRuns {
  /** The deployed model: a name, `name@` and the first digits of an id, or an id. It has one input. */
  model: string
  /** The parity models of {@link parm}'s parity queries, in their order, each with the same input. */
  parities: readonly string[]
  /** A model that makes the parity query of a group, in place of the mean of its queries; then there is one parity model. */
  encoder?: string
  /** Are the parity models fed the images of a group as tiles of one, in place of their mean? */
  concatenated?: boolean
  /** Queries in a group. */
  k: number
  /** Queries like those that will be asked, at least 100; not ones that the parity models learned from. */
  data: Queries
  /** The output that they learned. @default 'logits' if there is one, else the first */
  output?: string
  /** @default 1000 */
  groups?: number
  /** @default 1 */
  seed?: number
}

/**
 * Learns what predictions that parity models reconstruct are worth, on queries without labels: as many parity models being heard
 * from as predictions are missing.
 *
 * @throws {InvalidOptionError} there are fewer than 100 queries, no such models or outputs, or their outputs differ in length
 * @throws {InvalidCodeError} a group of k has not so many parity models
 * @throws {ShapeMismatchError | DtypeMismatchError | SignatureMismatchError | NotFiniteError} the data do not fit the models, or are
 *   no images whose sides can be divided so
 * @throws {RunFailedError} a model fails on a query
 */
export async function calibrateParities(init: CalibrateParitiesInit): Promise<ParityProfile> {
  const { k, groups: count = 1000, seed = 1, data, output, concatenated = false } = init
  const deployed = runOf(init, init.model, output)
  const parities = init.parities.map(parity => runOf(init, parity, output))
  const code = parm({ k, n: k + parities.length })
  if (init.encoder !== undefined && parities.length !== 1) {
    throw new InvalidOptionError(`an encoder makes one parity query: give one parity model, not ${parities.length}`)
  }
  if (init.encoder !== undefined && concatenated) {
    throw new InvalidOptionError('a parity query is concatenated or made by an encoder: leave one of them out')
  }
  const chance = random(seed)
  const queries = await judgingQueries(data, deployed.model)
  const groups = drawGroups([...queries.keys()], k, count, chance)
  const own = await runAll(deployed, queries)
  const encoder = init.encoder === undefined ? undefined : runOf(init, init.encoder, undefined)
  const members = groups.map(group => group.map(query => queries[query]))
  const coded =
    encoder === undefined
      ? members.map(group => (concatenated ? concatenations(group, parities.length) : encode(code, group).slice(k)))
      : await learnedQueries(encoder, members, deployed.model)
  const answers: Answers[] = groups.map(group => ({ own: group.map(query => own[query]), parities: [] }))
  for (const [j, parity] of parities.entries()) {
    const heard = await runAll(
      parity,
      coded.map(parityQueries => parityQueries[j])
    )
    requireAlike(own[0], heard[0])
    heard.forEach((answer, g) => {
      answers[g].parities.push(answer)
    })
  }
  const classes = outputsOf(deployed.output, own) !== 'values'
  return {
    version: 1,
    model: deployed.model.id,
    output: deployed.output,
    k,
    parities: parities.map(({ model, output }) => ({ model: model.id, output })),
    ...(encoder && { encoder: { model: encoder.model.id, output: encoder.output } }),
    ...(concatenated && { concatenated }),
    missing: parities.map((_, i) =>
      learnParityWorth(
        answers.flatMap(group => reconstruct(code, group, i + 1, chance)),
        { classes }
      )
    ),
    groups: groups.length
  }
}

/** The same image for each parity model: they differ in the mixture that they give. */
function concatenations(group: readonly Tensor[], parities: number): Tensor[] {
  return Array(parities).fill(mosaic(group, tilesOf(group.length)))
}

/** The one parity query of each group, made by an encoder. */
async function learnedQueries(run: ModelRun, groups: ReadonlyArray<readonly Tensor[]>, { signature }: Model) {
  const [{ name }] = run.model.signature.inputs
  const coded: Tensor[][] = []
  for (const group of groups) {
    run.signal?.throwIfAborted()
    const inputs = { [name]: rowsTogether(group) }
    const { outputs } = await run.executor.run({ model: run.model.id, inputs, outputs: [run.output] })
    checkInputs(signature, headersOf({ [signature.inputs[0].name]: outputs[run.output] }))
    coded.push([outputs[run.output]])
  }
  return coded
}

/** What all models say of a group: the deployed one of each query, the parity models of their mixtures. */
interface Answers {
  own: Float32Array[]
  parities: Float32Array[]
}

/** Decodes so many predictions of a group, drawn by chance, from all others and as many parity models. */
function reconstruct(code: LinearCode, { own, parities }: Answers, missing: number, chance: Random): ParityTrial[] {
  const lost = shuffled(own.keys(), chance).slice(0, missing)
  const heard = shuffled(parities.keys(), chance).slice(0, missing)
  const all = [...own, ...parities].map((answer, index) => ({ answer, index }))
  const arrived = all.filter(({ index }) => (index < code.k ? !lost.includes(index) : heard.includes(index - code.k)))
  const operator = linearDecoder(code).select(arrived.map(({ index }) => index))
  const predictions = operator.apply(arrived.map(({ answer }) => Tensor.float32(answer)))
  return lost.flatMap(q => {
    const prediction = predictions[q]
    return prediction === undefined ? [] : [{ prediction: floats(prediction), own: own[q] }]
  })
}
