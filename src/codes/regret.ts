import { GroupSizeError } from './errors.ts'
import { softmax } from './softmax.ts'

/**
 * What it costs to take the classes ĉ that a companion names in place of the deployed model's own: how much less likely the model itself
 * holds them, beside how much surer it is than a guess among C classes,
 *
 *     (1 − 1/C)·Σ (max_c p_c − p_ĉ) / Σ (max_c p_c − 1/C),    p = softmax of the model's logits, Σ over queries
 *
 * It is 0 of the model's own classes, and of classes that have nothing to do with the query what a guess disagrees in, 1 − 1/C. It is less
 * than how often the two disagree where they do so on queries of which the model is not sure either. As far as the
 * model's probabilities mean what they say it is what is lost of the accuracy, which without labels nobody can count.
 *
 * @param answers the companion's logits of each query
 * @param own the deployed model's
 * @throws {GroupSizeError} there are no queries, or not as many of both
 */
export function regret(answers: readonly Float32Array[], own: readonly Float32Array[]): number {
  if (answers.length === 0 || answers.length !== own.length) {
    throw new GroupSizeError(
      `regret is of answers beside the model's own: got ${answers.length} and ${own.length} of them`
    )
  }
  const guess = 1 / own[0].length
  let [lost, surer] = [0, 0]
  answers.forEach((answer, i) => {
    const probabilities = softmax(own[i])
    const most = Math.max(...probabilities)
    lost += most - probabilities[answer.indexOf(Math.max(...answer))]
    surer += most - guess
  })
  return surer > 0 ? ((1 - guess) * lost) / surer : 0
}
