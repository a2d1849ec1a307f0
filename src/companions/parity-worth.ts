import { type ExpectedQuality, isotonicMap, mapped } from '../codes/index.ts'
import type { ParityWorth } from '../profiles/index.ts'

/** One prediction that was reconstructed, beside the model's own. */
export interface ParityTrial {
  prediction: Float32Array
  own: Float32Array
}

/** Observations behind each step of the map: a twentieth of all, and no fewer than make it more than chance. */
const STEPS = 20
const LEAST = 25

/** @param classes are the outputs those of a classifier, the largest being its class? */
export function learnParityWorth(trials: readonly ParityTrial[], { classes }: { classes: boolean }): ParityWorth {
  const error = trials.reduce((sum, { prediction, own }) => sum + apart(prediction, own), 0) / trials.length
  if (!classes) {
    return { error }
  }
  const seen = trials.map(({ prediction, own }) => ({
    from: lead(prediction),
    to: Number(argmax(prediction) === argmax(own))
  }))
  const mean = seen.reduce((sum, { to }) => sum + to, 0) / seen.length
  return { error, agreement: { mean, byLead: isotonicMap(seen, Math.max(LEAST, Math.ceil(seen.length / STEPS))) } }
}

/** What is to be expected of a prediction that was reconstructed. */
export function parityQuality({ error, agreement }: ParityWorth, prediction: Float32Array): ExpectedQuality {
  return agreement === undefined ? { error } : { error, agreement: mapped(agreement.byLead, lead(prediction)) }
}

function lead(outputs: Float32Array): number {
  const [largest, next] = Float32Array.from(outputs).sort().subarray(-2).reverse()
  return largest - next
}

function apart(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0)
}

function argmax(values: Float32Array): number {
  return values.indexOf(values.reduce((a, b) => Math.max(a, b)))
}
