import { random, shuffled } from '../src/chance/index.ts'
import { codeFamily, encode, linearDecoder, parm } from '../src/codes/index.ts'
import { learnParityWorth, type ParityProfile, type ParityTrial } from '../src/companions/index.ts'
import type { Model } from '../src/models/index.ts'
import type { Executor } from '../src/runtime/index.ts'
import { Tensor } from '../src/tensor/index.ts'
import { outputsOf } from './calibration-choice.ts'
import { drawGroups, floats, type ModelRun, runAll } from './calibration-groups.ts'
import { InvalidOptionError } from './errors.ts'
import { checkQueries, chooseOutput, type Queries } from './queries.ts'
import { servedModel } from './served-model.ts'

export interface CalibrateParitiesInit {
  /** Runs all the models; started, and left running. */
  executor: Pick<Executor, 'models' | 'slots' | 'run'>
  /** The deployed model: a name, `name@` and the first digits of an id, or an id. It has one input. */
  model: string
  /** The parity models of {@link parm}'s parity queries, in their order, each with the same input. */
  parities: readonly string[]
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
  signal?: AbortSignal
}

/** Fewer queries say next to nothing of how sure is sure. */
const LEAST = 100

/**
 * Learns what predictions that parity models reconstruct are worth, on queries without labels: as many parity models being heard
 * from as predictions are missing.
 *
 * @throws {InvalidOptionError} there are fewer than 100 queries, no such models or outputs, or their outputs differ in length
 * @throws {InvalidCodeError} a group of k has not so many parity models
 * @throws {ShapeMismatchError | DtypeMismatchError | SignatureMismatchError | NotFiniteError} the data do not fit the models
 * @throws {RunFailedError} a model fails on a query
 */
export async function calibrateParities(init: CalibrateParitiesInit): Promise<ParityProfile> {
  const { executor, k, groups: count = 1000, seed = 1, data, output, signal } = init
  const deployed = runOf(init, modelOf(executor, init.model), output)
  const parities = init.parities.map(parity => runOf(init, modelOf(executor, parity), output))
  const code = parm({ k, n: k + parities.length })
  const chance = random(seed)
  const queries = await queriesFor(data, deployed.model)
  const groups = drawGroups([...queries.keys()], k, count, chance)
  const own = await runAll(deployed, queries)
  const mixtures = groups.map(group =>
    encode(
      code,
      group.map(query => queries[query])
    ).slice(k)
  )
  const heard = await Promise.all(
    parities.map((run, parity) =>
      runAll(
        run,
        mixtures.map(mixture => mixture[parity])
      )
    )
  )
  if (heard.some(([{ length }]) => length !== own[0].length)) {
    throw new InvalidOptionError(
      `parity models give what their model gives, ${own[0].length} values: got ${heard.map(([{ length }]) => length)}`
    )
  }
  signal?.throwIfAborted()
  const classes = outputsOf(deployed.output, own) !== 'values'
  const decoder = linearDecoder(code)
  const missing = parities.map((_, i) => {
    const trials = groups.flatMap((group, g): ParityTrial[] => {
      const lost = shuffled(Array(k).keys(), chance).slice(0, i + 1)
      const witnesses = shuffled(parities.keys(), chance).slice(0, i + 1)
      const survivors = Array.from({ length: code.n }, (_, index) => index).filter(index =>
        index < k ? !lost.includes(index) : witnesses.includes(index - k)
      )
      const results = survivors.map(index => Tensor.float32(index < k ? own[group[index]] : heard[index - k][g]))
      const predictions = decoder.select(survivors).apply(results)
      return lost.flatMap(q => {
        const prediction = predictions[q]
        return prediction === undefined ? [] : [{ prediction: floats(prediction), own: own[group[q]] }]
      })
    })
    return learnParityWorth(trials, { classes })
  })
  return {
    version: 1,
    model: deployed.model.id,
    output: deployed.output,
    k,
    parities: parities.map(({ model, output }) => ({ model: model.id, output })),
    missing,
    groups: groups.length
  }
}

function modelOf({ models }: Pick<Executor, 'models'>, asked: string): Model {
  const model = servedModel([{ models }], asked)
  if (model === undefined) {
    throw new InvalidOptionError(`the executor has no model '${asked}'`)
  }
  return model
}

function runOf({ executor, signal }: CalibrateParitiesInit, model: Model, output: string | undefined): ModelRun {
  return { executor, model, output: chooseOutput(model, codeFamily('parm'), output), signal }
}

async function queriesFor(data: Queries, model: Model): Promise<Tensor[]> {
  const [input] = model.signature.inputs
  const queries = (await checkQueries(data, model)).map(query => query[input.name])
  if (queries.length < LEAST) {
    throw new InvalidOptionError(`parity models are judged by at least ${LEAST} queries, got ${queries.length}`)
  }
  return queries
}
