/** What one decoding of one query is worth. */
export interface Trial {
  /** Trials of one unit are one measurement: those of a group or, where images are in several groups, of an image. */
  unit: number
  /** ‖p − f‖² */
  squaredError: number
  /** 1 if the class is the true one, 0 if not, and what a guess is worth for a lost query. */
  right: number
  /** The same for the class that the model itself gives. */
  agrees: number
  /** 1 if the model itself is right. */
  own: number
}

/** A figure and its standard error. */
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
 * @param prediction decoded probabilities; `undefined` for a query that is lost, which stands for the uniform distribution:
 *   right as often as a guess
 * @param exact the model's own probabilities
 * @param label the true class
 */
export function scoreQuery(
  prediction: Float32Array | undefined,
  exact: Float32Array,
  label: number
): Omit<Trial, 'unit'> {
  const uniform = 1 / exact.length
  let squaredError = 0
  exact.forEach((value, c) => {
    squaredError += ((prediction?.[c] ?? uniform) - value) ** 2
  })
  const ownClass = argmax(exact)
  const own = Number(ownClass === label)
  if (prediction === undefined) return { squaredError, right: uniform, agrees: uniform, own }
  const decoded = argmax(prediction)
  return { squaredError, right: Number(decoded === label), agrees: Number(decoded === ownClass), own }
}

export function summarise(trials: readonly Trial[]): Score {
  return {
    mse: ratio(trials, ({ squaredError }) => squaredError),
    relAcc: ratio(
      trials,
      ({ right }) => right,
      ({ own }) => own
    )
  }
}

/**
 * Σ a / Σ b over trials, which for b = 1 is the mean of a. Units are independent of each other, trials of one are not: they
 * are added up first. The standard error is that of the ratio's linearisation, a − ratio · b, over units.
 */
export function ratio(
  trials: readonly Trial[],
  a: (trial: Trial) => number,
  b: (trial: Trial) => number = () => 1
): Estimate {
  const units = new Map<number, { a: number; b: number }>()
  for (const trial of trials) {
    const sums = units.get(trial.unit) ?? { a: 0, b: 0 }
    units.set(trial.unit, { a: sums.a + a(trial), b: sums.b + b(trial) })
  }
  const all = [...units.values()]
  const base = mean(all.map(unit => unit.b))
  const value = mean(all.map(unit => unit.a)) / base
  return { value, standardError: standardError(all.map(unit => (unit.a - value * unit.b) / base)) }
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
