import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { type LinearCode, type OrderKind, orderQueries, reorder } from '../../src/codes/index.ts'

/** A model, queries and calibration groups that need no files: smooth, with classes, and the same for the same seed. */
export interface Synthetic {
  /** A query of one of ten classes. */
  query(): Float32Array
  /** A fixed network with one hidden layer: the ten logits of a query. */
  model(query: Float32Array): Float32Array
  /** Standard normal. */
  normal(): number
  /** Uniform in 0 … below−1. */
  integer(below: number): number
}

const INPUTS = 16
const HIDDEN = 32
export const CLASSES = 10

export function synthetic(seed: number): Synthetic {
  const generator = xoroshiro128plus(seed)
  const uniform = () => ((generator.next() >>> 0) + 0.5) / 2 ** 32
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
  const normals = (length: number, deviation: number) => Float32Array.from({ length }, () => deviation * normal())
  const centres = Array.from({ length: CLASSES }, () => normals(INPUTS, 1))
  const first = Array.from({ length: HIDDEN }, () => normals(INPUTS, 1 / Math.sqrt(INPUTS)))
  const second = Array.from({ length: CLASSES }, () => normals(HIDDEN, 5 / Math.sqrt(HIDDEN)))
  const integer = (below: number) => Math.floor(uniform() * below)
  return {
    normal,
    integer,
    query() {
      const centre = centres[integer(CLASSES)]
      return centre.map(value => value + 0.3 * normal())
    },
    model(query) {
      const hidden = Float32Array.from(first, weights => Math.tanh(inner(weights, query)))
      return Float32Array.from(second, weights => inner(weights, hidden))
    }
  }
}

/** One group: the results of all coded queries, then the model's own predictions. */
export function outputsOf({ query, model }: Synthetic, code: LinearCode, order: OrderKind = 'path'): Float32Array[] {
  const arbitrary = Array.from({ length: code.k }, query)
  const queries = reorder(arbitrary, orderQueries(order, arbitrary))
  const coded = Array.from({ length: code.n }, (_, i) =>
    queries[0].map((_, x) =>
      queries.reduce((sum, values, q) => sum + code.encodingMatrix[i * code.k + q] * values[x], 0)
    )
  )
  return [...coded, ...queries].map(model)
}

function inner(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0)
}
