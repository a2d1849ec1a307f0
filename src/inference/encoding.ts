import { type Encoder, type LinearCode, ordering, preparing, readingVectors, type Sliced } from '../codes/index.ts'
import type { NamedTensors } from '../models/index.ts'
import { isFloat, type Tensor } from '../tensor/index.ts'
import type { PlanSpec } from './plan.ts'

/** Coded queries that are made together: each block of the queries is then read once for all of them. */
const TOGETHER = 20

/** The order of a group, by its features or its first float input. Codes that only copy queries have no curve that it could make smoother. */
export function* orderingGroup(
  { order, code, features }: PlanSpec,
  queries: readonly NamedTensors[]
): Sliced<number[]> {
  if (features !== undefined && !code.systematic) {
    return yield* ordering(order, queries.map(features))
  }
  const input = Object.entries(queries[0]).find(([, { dtype }]) => isFloat(dtype))?.[0]
  if (order === 'none' || code.systematic || input === undefined) {
    return [...queries.keys()]
  }
  const tensors = queries.map(query => query[input])
  const { values } = yield* readingVectors(tensors, 'queries')
  return yield* ordering(order, values)
}

/**
 * Encodes each named input of a group by itself.
 *
 * @param indices of the coded queries to make, a few at a time
 * @param made called with those that are ready, in the order of `indices`
 */
export function* encodingGroup(
  code: LinearCode,
  queries: readonly NamedTensors[],
  indices: readonly number[],
  made: (index: number, inputs: NamedTensors) => void
): Sliced<void> {
  const encoders: Array<[name: string, encoder: Encoder]> = []
  for (const name of Object.keys(queries[0])) {
    const tensors = queries.map(query => query[name])
    encoders.push([name, yield* preparing(code, tensors)])
  }
  for (let from = 0; from < indices.length; from += TOGETHER) {
    const together = indices.slice(from, from + TOGETHER)
    const coded = together.map((): Record<string, Tensor> => ({}))
    for (const [name, encoder] of encoders) {
      const tensors = yield* encoder.encoding(together)
      tensors.forEach((tensor, i) => {
        coded[i][name] = tensor
      })
    }
    together.forEach((index, i) => {
      made(index, coded[i])
    })
  }
}
