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
