import { setImmediate } from 'node:timers/promises'
import { type CodeFamily, codes } from '../src/codes/index.ts'
import { NotFiniteError } from '../src/inference/index.ts'
import { checkInputs, headersOf, type Model, type NamedTensors } from '../src/models/index.ts'
import {
  allFinite,
  DtypeMismatchError,
  isFloat,
  type Shape,
  ShapeMismatchError,
  sameShape,
  stack,
  Tensor
} from '../src/tensor/index.ts'
import { InvalidOptionError, NoQueriesError } from './errors.ts'

/** One query: a tensor for a model with one input, else its inputs by name. The batch axis (of length 1) may be left out. */
export type Query = Tensor | NamedTensors

/** Queries: one by one, or as the rows of one tensor. */
export type Queries = readonly Query[] | Tensor

/** Elements that are looked at before others get their turn, which takes about a millisecond. */
const TURN = 1e6

/**
 * Checks queries against the model they are for, and names their inputs. Nothing is copied. Other work has its turn meanwhile.
 *
 * @throws {NoQueriesError} there is none
 * @throws {ShapeMismatchError | DtypeMismatchError | SignatureMismatchError} one does not fit the model, or differs in
 *   shape from the first
 * @throws {NotFiniteError} one holds NaN or an infinity
 */
export async function checkQueries(queries: Queries, model: Model): Promise<NamedTensors[]> {
  const list = queries instanceof Tensor ? rowsOf(queries) : queries
  if (list.length === 0) {
    throw new NoQueriesError('no queries were given: give at least one tensor')
  }
  const named: NamedTensors[] = []
  let left = TURN
  for (const [position, query] of list.entries()) {
    const checked = checkQuery(query, model, `query ${position}`)
    named.push(checked)
    left -= Object.values(checked).reduce((sum, { size }) => sum + size, 0)
    if (left < 0) {
      await setImmediate()
      left = TURN
    }
  }
  named.forEach((query, position) => {
    for (const [name, { shape }] of Object.entries(query)) {
      if (!sameShape(shape, named[0][name].shape)) {
        throw new ShapeMismatchError(
          `query ${position} has shape [${shape}], query 0 has [${named[0][name].shape}]: queries of one call share a shape`
        )
      }
    }
  })
  return named
}

export function checkQuery(query: Query, model: Model, what = 'the query'): NamedTensors {
  const named = withBatchAxis(query, model)
  try {
    checkInputs(model.signature, headersOf(named))
  } catch (error) {
    if (error instanceof Error) {
      error.message = `${what} does not fit model '${model.name}': ${error.message}`
    }
    throw error
  }
  for (const [name, tensor] of Object.entries(named)) {
    if (!allFinite(tensor)) {
      throw new NotFiniteError(
        `${what} holds NaN or an infinity in input '${name}': mend it before it is coded with others`
      )
    }
  }
  return named
}

/**
 * The output to decode: the one asked for, else the one called `logits`, else the model's first.
 *
 * @throws {InvalidOptionError} the model has no such output
 * @throws {DtypeMismatchError} the code mixes tensors, and an input or that output is not a float
 */
export function chooseOutput(model: Model, code: CodeFamily, asked: string | undefined): string {
  const { inputs, outputs } = model.signature
  const output =
    asked === undefined
      ? (outputs.find(({ name }) => name === 'logits') ?? outputs[0])
      : outputs.find(({ name }) => name === asked)
  if (output === undefined) {
    const names = outputs.map(({ name }) => `'${name}'`).join(', ')
    throw new InvalidOptionError(`model '${model.name}' has no output '${asked}': it gives ${names}`)
  }
  const whole = [...inputs, output].find(({ dtype }) => !isFloat(dtype))
  if (whole !== undefined && code.mixes) {
    throw new DtypeMismatchError(
      `code '${code.name}' mixes tensors, so it needs float inputs and outputs, and '${whole.name}' is ${whole.dtype}: use ${copying()}`
    )
  }
  return output.name
}

function copying(): string {
  return Object.values(codes)
    .filter(({ mixes }) => !mixes)
    .map(({ name }) => name)
    .join(' or ')
}

/** Queries of one shape, each with its batch axis, as one batch; a copy. */
export function rowsTogether(queries: readonly Tensor[]): Tensor {
  return stack(queries.map(query => query.row(0)))
}

function rowsOf(batch: Tensor): Tensor[] {
  const [count = 0] = batch.shape
  return Array.from({ length: count }, (_, i) => batch.rows(i, i + 1))
}

function withBatchAxis(query: Query, model: Model): NamedTensors {
  const [input] = model.signature.inputs
  const named = query instanceof Tensor ? { [input.name]: query } : query
  return Object.fromEntries(
    Object.entries(named).map(([name, tensor]) => {
      const rank = model.signature.inputs.find(spec => spec.name === name)?.shape.length
      const shape: Shape = rank === tensor.shape.length + 1 ? [1, ...tensor.shape] : tensor.shape
      return [name, tensor.reshape(shape)]
    })
  )
}
