import { floatsOf } from '../codes/index.ts'
import { Tensor } from '../tensor/index.ts'
import { loss, type Reading } from './companion.ts'
import type { Source } from './decode.ts'

/** What a companion says of a query. */
export interface Said extends Reading {
  source: Source
}

/**
 * One prediction of what companions say of the same query: the mean of their logits z_i, each weighted by the squared error e_i
 * that is expected of it,
 *
 *     z = Σ z_i/e_i / Σ 1/e_i
 *
 * which is the best linear estimate where their errors have nothing to do with each other. As they often err in the same, hard
 * queries, no more is expected of it than of the best of them, whose source it bears.
 *
 * @param said by one companion at least
 */
export function blend(said: readonly Said[]): Said {
  const best = said.reduce((a, b) => (loss(b.expected) < loss(a.expected) ? b : a))
  if (said.length === 1) {
    return best
  }
  const weights = said.map(({ expected: { error } }) => 1 / Math.max(error, Number.EPSILON))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const values = new Float64Array(best.output.size)
  said.forEach(({ output }, i) => {
    floatsOf(output).forEach((logit, c) => {
      values[c] += (weights[i] / total) * logit
    })
  })
  return { ...best, output: Tensor.float32(Float32Array.from(values), best.output.shape) }
}
