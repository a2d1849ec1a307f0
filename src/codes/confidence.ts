import { GroupSizeError } from './errors.ts'
import { isotonicMap, type MonotoneMap, mapped } from './isotonic.ts'
import type { ExpectedQuality } from './quality.ts'
import { softmax } from './softmax.ts'

/** What the logits of a companion say of those of the deployed model; learned on queries that it was not fitted to. */
export interface Confidence {
  /** The companion's logits are multiplied by it: probabilities then mean what the deployed model's do. */
  scale: number
  /** From the probability of the class that it names to how often the deployed model names the same. */
  agreement: MonotoneMap
  /** From that probability, negative, to ‖p − f‖² of logits without their class mean. */
  error: MonotoneMap
}

/** Observations behind each step of a map: a twentieth of all, and no fewer than make it more than chance. */
const STEPS = 20
const LEAST = 25
/** The scale is looked for between 1/SCALES and SCALES, in so many steps of the golden section. */
const SCALES = 100
const SECTIONS = 24
const GOLDEN = (Math.sqrt(5) - 1) / 2

/**
 * Learns what a companion's answers are worth: the scale with the least squared error of probabilities, then ascending maps of
 * its confidence.
 *
 * @param answers the companion's logits of each query
 * @param own the deployed model's
 * @throws {GroupSizeError} there are no queries, or not as many of both
 */
export function learnConfidence(answers: readonly Float32Array[], own: readonly Float32Array[]): Confidence {
  if (answers.length === 0 || answers.length !== own.length) {
    throw new GroupSizeError(
      `a companion is judged by answers beside the model's own: got ${answers.length} and ${own.length} of them`
    )
  }
  const probabilities = own.map(softmax)
  const scale = leastOf(candidate =>
    answers.reduce((sum, logits, i) => sum + apart(softmax(scaled(logits, candidate)), probabilities[i]), 0)
  )
  const seen = answers.map((answer, i) => {
    const logits = scaled(answer, scale)
    const sure = Math.max(...softmax(logits))
    return { sure, agrees: Number(argmax(logits) === argmax(own[i])), error: apart(centred(logits), centred(own[i])) }
  })
  const least = Math.max(LEAST, Math.ceil(seen.length / STEPS))
  return {
    scale,
    agreement: isotonicMap(
      seen.map(({ sure, agrees }) => ({ from: sure, to: agrees })),
      least
    ),
    error: isotonicMap(
      seen.map(({ sure, error }) => ({ from: -sure, to: error })),
      least
    )
  }
}

/** A companion's logits on the scale of the deployed model's, and what is to be expected of them. */
export function readLogits(
  { scale, agreement, error }: Confidence,
  answer: Float32Array
): { logits: Float32Array; expected: ExpectedQuality } {
  const logits = scaled(answer, scale)
  const sure = Math.max(...softmax(logits))
  return { logits, expected: { error: mapped(error, -sure), agreement: mapped(agreement, sure) } }
}

/** The positive number with the least value, by golden sections of its logarithm. */
function leastOf(value: (candidate: number) => number): number {
  let [low, high] = [-Math.log(SCALES), Math.log(SCALES)]
  for (let i = 0; i < SECTIONS; i++) {
    const [a, b] = [high - GOLDEN * (high - low), low + GOLDEN * (high - low)]
    if (value(Math.exp(a)) <= value(Math.exp(b))) high = b
    else low = a
  }
  return Math.exp((low + high) / 2)
}

function scaled(logits: Float32Array, scale: number): Float32Array {
  return logits.map(logit => logit * scale)
}

function centred(logits: Float32Array): Float32Array {
  const mean = logits.reduce((sum, logit) => sum + logit, 0) / logits.length
  return logits.map(logit => logit - mean)
}

function apart(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0)
}

function argmax(values: Float32Array): number {
  return values.indexOf(Math.max(...values))
}
