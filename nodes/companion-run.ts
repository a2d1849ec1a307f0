import { codeFamily } from '../src/codes/index.ts'
import type { Model } from '../src/models/index.ts'
import type { Executor } from '../src/runtime/index.ts'
import type { Tensor } from '../src/tensor/index.ts'
import type { ModelRun } from './calibration-groups.ts'
import { InvalidOptionError } from './errors.ts'
import { checkQueries, chooseOutput, type Queries } from './queries.ts'
import { servedModel } from './served-model.ts'

/** Where companions are judged. */
export interface CompanionRuns {
  /** Runs the deployed model and its companions; started, and left running. */
  executor: Pick<Executor, 'models' | 'slots' | 'run'>
  signal?: AbortSignal
}

/**
 * How to run a model of an executor.
 *
 * @param asked a name, `name@` and the first digits of an id, or an id
 * @param output its name; 'logits' if there is one, else the first, where none is given
 * @throws {InvalidOptionError} there is no such model or output
 */
export function runOf({ executor, signal }: CompanionRuns, asked: string, output: string | undefined): ModelRun {
  const model = servedModel([{ models: executor.models }], asked)
  if (model === undefined) {
    throw new InvalidOptionError(`the executor has no model '${asked}'`)
  }
  return { executor, model, output: chooseOutput(model, codeFamily('replication'), output), signal }
}

/** Fewer queries say next to nothing of how sure is sure. */
const LEAST = 100

/**
 * The queries as the one input of a model.
 *
 * @throws {InvalidOptionError} there are fewer than 100
 * @throws {ShapeMismatchError | DtypeMismatchError | SignatureMismatchError | NotFiniteError} they do not fit the model
 */
export async function judgingQueries(data: Queries, model: Model): Promise<Tensor[]> {
  const [input] = model.signature.inputs
  const queries = (await checkQueries(data, model)).map(query => query[input.name])
  if (queries.length < LEAST) {
    throw new InvalidOptionError(`a companion is judged by at least ${LEAST} queries, got ${queries.length}`)
  }
  return queries
}

/** @throws {InvalidOptionError} a companion's answer has another length than the model's own */
export function requireAlike(own: Float32Array, answer: Float32Array): void {
  if (own.length !== answer.length) {
    throw new InvalidOptionError(
      `a companion gives for a query what its model gives, ${own.length} values; this one gives ${answer.length}`
    )
  }
}
