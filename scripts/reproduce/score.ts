/** What one decoding of one group is worth. */
export interface Trial {
  /** The mean over the group's queries of ‖p − f‖². */
  squaredError: number
  /** The share of the group's queries whose class is right. */
  accuracy: number
}

/** A figure and its standard error over groups. */
export interface Estimate {
  value: number
  standardError: number
}

export interface Score {
  /** Summed over classes, mean over queries: ‖p − f‖² on the softmax. */
  mse: Estimate
  /** RelAcc: accuracy over the accuracy of the model itself on the same queries. */
  relAcc: Estimate
}

/**
 * @param predictions decoded probabilities of each query; `undefined` for one that is lost, which stands for the uniform
 *   distribution: right as often as a guess
 * @param exact the model's own probabilities
 * @param labels the true class of each
 */
export function scoreGroup(
  predictions: readonly (Float32Array | undefined)[],
  exact: readonly Float32Array[],
  labels: readonly number[]
): Trial {
  let squaredError = 0
  let right = 0
  exact.forEach((target, q) => {
    const prediction = predictions[q]
    const uniform = 1 / target.length
    target.forEach((value, c) => {
      squaredError += ((prediction?.[c] ?? uniform) - value) ** 2
    })
    right += prediction === undefined ? uniform : Number(argmax(prediction) === labels[q])
  })
  return { squaredError: squaredError / exact.length, accuracy: right / exact.length }
}

/**
 * The score over groups that are independent of each other. Survivor sets of one group are not: they are averaged first.
 *
 * The standard error of RelAcc, a ratio of means, is that of its linearisation, (accuracy − RelAcc · base) / mean base.
 *
 * @param trials for each group, one for each survivor set
 * @param base for each group, the model's own accuracy
 */
export function summarise(trials: readonly (readonly Trial[])[], base: readonly number[]): Score {
  const errors = trials.map(sets => mean(sets.map(({ squaredError }) => squaredError)))
  const accuracies = trials.map(sets => mean(sets.map(({ accuracy }) => accuracy)))
  const relAcc = mean(accuracies) / mean(base)
  const residuals = accuracies.map((accuracy, group) => (accuracy - relAcc * base[group]) / mean(base))
  return {
    mse: { value: mean(errors), standardError: standardError(errors) },
    relAcc: { value: relAcc, standardError: standardError(residuals) }
  }
}

/** The class with the highest score, the first of equal ones. */
export function argmax(values: Float32Array): number {
  let best = 0
  for (let c = 1; c < values.length; c++) if (values[c] > values[best]) best = c
  return best
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Of the mean of independent values; 0 for a single one, which says nothing of it. */
export function standardError(values: readonly number[]): number {
  if (values.length < 2) return 0
  const centre = mean(values)
  const sum = values.reduce((total, value) => total + (value - centre) ** 2, 0)
  return Math.sqrt(sum / (values.length - 1) / values.length)
}
