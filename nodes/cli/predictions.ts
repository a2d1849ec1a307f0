import { float16ToFloat32, type Tensor } from '../../src/tensor/index.ts'
import { InputFileError } from './errors.ts'

/** A class that a classifier names, its score, and what people call it. */
export interface RankedClass {
  class: number
  label?: string
  score: number
}

/** The elements as plain numbers, whatever their dtype. */
export function numbersOf({ dtype, data }: Tensor): number[] {
  const elements: Iterable<number | bigint> =
    dtype === 'float16' && data instanceof Uint16Array ? float16ToFloat32(data) : data
  return Array.from(elements, Number)
}

/** Does this prediction look like that of a classifier: one vector of scores, a class each? */
export function isVector({ shape }: Tensor): boolean {
  return shape.length === 2 && shape[0] === 1 && shape[1] > 1
}

/**
 * The `top` classes of a prediction [1, c], best first.
 *
 * @param logits the scores are logits: they become probabilities by softmax
 * @throws {InputFileError} there are not as many labels as classes
 */
export function rank(output: Tensor, { top, labels, logits }: { top: number; labels?: string[]; logits: boolean }) {
  const values = numbersOf(output)
  if (labels !== undefined && labels.length !== values.length) {
    throw new InputFileError(
      `there are ${labels.length} labels and ${values.length} classes: the file has one label a line, that of class 0 first`
    )
  }
  const scores = logits ? softmax(values) : values
  const order = scores.map((score, index): RankedClass => ({ class: index, label: labels?.[index], score }))
  return order.sort((a, b) => b.score - a.score).slice(0, top)
}

function softmax(logits: readonly number[]): number[] {
  const largest = logits.reduce((a, b) => Math.max(a, b))
  const powers = logits.map(logit => Math.exp(logit - largest))
  const sum = powers.reduce((a, b) => a + b)
  return powers.map(power => power / sum)
}
