import { whole } from '../src/codes/index.ts'
import { addingUp, joinSums, noSums, type Readout, readOut, ridge } from '../src/students/index.ts'

const FOLDS = 5

/** A readout fitted to all queries, and what readouts say of each that were not fitted to it. */
export interface CrossFitted {
  readout: Readout
  said: Float32Array[]
}

/**
 * The ridge regression of targets on features with the λ that errs least on queries that it was not fitted to, in five folds.
 *
 * @param features of each query, at least one for each fold
 * @param targets of each query
 */
export function crossFitted(
  features: readonly Float32Array[],
  targets: readonly Float32Array[],
  lambdas: readonly number[]
): CrossFitted {
  const [{ length: width }, { length: values }] = [features[0], targets[0]]
  const folds = Array.from({ length: FOLDS }, (_, fold) => {
    const sums = noSums(width, values)
    const rows = targets.flatMap((target, i) =>
      i % FOLDS === fold ? [Float32Array.of(...features[i], 1, ...target)] : []
    )
    whole(addingUp(sums, rows, 1))
    return sums
  })
  const without = folds.map((_, fold) => folds.filter((__, i) => i !== fold).reduce(joinSums))
  const tried = lambdas.map(lambda => {
    const readouts = without.map(sums => ridge(sums, lambda))
    const said = features.map((row, i) => readOut(readouts[i % FOLDS], row))
    return { lambda, said, error: said.reduce((sum, each, i) => sum + squaredDistance(each, targets[i]), 0) }
  })
  const { lambda, said } = tried.reduce((a, b) => (b.error < a.error ? b : a))
  return { readout: ridge(folds.reduce(joinSums), lambda), said }
}

function squaredDistance(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0)
}
