import { GroupSizeError } from './errors.ts'
import { isotonicMap, type MonotoneMap, mapped } from './isotonic.ts'
import type { ExpectedQuality } from './quality.ts'
import { type Sliced, whole } from './sliced.ts'
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
/** Multiply-adds that take as long as two numbers' part in a softmax. */
const SOFTMAX = 100
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
  return whole(learningConfidence(answers, own))
}

/** As {@link learnConfidence}, in slices. */
export function* learningConfidence(
  answers: readonly Float32Array[],
  own: readonly Float32Array[]
): Sliced<Confidence> {
  if (answers.length === 0 || answers.length !== own.length) {
    throw new GroupSizeError(
      `a companion is judged by answers beside the model's own: got ${answers.length} and ${own.length} of them`
    )
  }
  const probabilities = own.map(softmax)
  const search = leastOf(candidate =>
    answers.reduce((sum, logits, i) => sum + apartAt(candidate, logits, probabilities[i]), 0)
  )
  let section = search.next()
  while (!section.done) {
    yield SOFTMAX * answers.length * own[0].length
    section = search.next()
  }
  const scale = section.value
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

/** The positive number with the least value, by golden sections of its logarithm; each is one step. */
function* leastOf(value: (candidate: number) => number): Generator<void, number, void> {
  const at = (logarithm: number) => ({ logarithm, value: value(Math.exp(logarithm)) })
  let [low, high] = [-Math.log(SCALES), Math.log(SCALES)]
  let [a, b] = [at(high - GOLDEN * (high - low)), at(low + GOLDEN * (high - low))]
  for (let i = 0; i < SECTIONS; i++) {
    if (a.value <= b.value) {
      high = b.logarithm
      ;[a, b] = [at(high - GOLDEN * (high - low)), a]
    } else {
      low = a.logarithm
      ;[a, b] = [b, at(low + GOLDEN * (high - low))]
    }
    yield
  }
  return Math.exp((low + high) / 2)
}

/** ‖softmax(scale·logits) − p‖²; it is asked for thousands of times, and so makes no arrays. */
function apartAt(scale: number, logits: Float32Array, probabilities: Float32Array): number {
  let [most, total, error] = [-Infinity, 0, 0]
  for (let c = 0; c < logits.length; c++) most = Math.max(most, scale * logits[c])
  for (let c = 0; c < logits.length; c++) total += Math.exp(scale * logits[c] - most)
  for (let c = 0; c < logits.length; c++) {
    error += (Math.exp(scale * logits[c] - most) / total - probabilities[c]) ** 2
  }
  return error
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
