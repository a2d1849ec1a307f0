import type { ExitsFacts } from '../src/advisor/index.ts'
import { readLogits } from '../src/codes/index.ts'
import type { Exit } from '../src/inference/index.ts'
import type { Model } from '../src/models/index.ts'
import type { ExitsProfile } from '../src/profiles/index.ts'
import { Tensor } from '../src/tensor/index.ts'
import { ProfileMismatchError } from './errors.ts'

/**
 * What a profile says of the exits of a model, as a plan has them.
 *
 * @throws {ProfileMismatchError} the profile is of another model or output
 */
export function exitsOf(profile: ExitsProfile, { model, output }: { model: Model; output: string }): Exit[] {
  if (profile.model !== model.id || profile.output !== output) {
    throw new ProfileMismatchError(
      `the exits are of ${profile.output} of the model ${profile.model.slice(0, 12)}, and asked for is ${output} of '${model.name}', ${model.id.slice(0, 12)}: workers serve the file that calibrate --exits wrote`
    )
  }
  return profile.exits.map(({ output: exit, confidence }) => ({
    output: exit,
    read(answer) {
      const { logits, expected } = readLogits(confidence, Float32Array.from(answer.data, Number))
      return { output: Tensor.float32(logits, answer.shape), expected }
    }
  }))
}

/** The share of answers that take longer than so many times the deadline; `undefined` where no answer is measured. */
export type LateShare = (deadlines: number) => number | undefined

/**
 * What the advisor is to know of exits. A worker that needs T for an answer gets to the exit after the share a of its work in a·T, if all
 * of that is work, so that of those that are later than the deadline D so many get there in time:
 *
 *     P(a·T ≤ D | T > D) = 1 − P(T > D/a) / P(T > D)
 */
export function exitsFacts({ exits, queries }: ExitsProfile, late: LateShare): ExitsFacts {
  const share = late(1) ?? 0
  return {
    exits: exits.map(({ at, agreements, regret, error }) => {
      return { agreements, regret, error, reached: share === 0 ? 0 : 1 - (late(1 / at) ?? share) / share }
    }),
    queries
  }
}
