import { readLogits } from '../src/codes/index.ts'
import type { Description } from '../src/inference/index.ts'
import type { Model, NamedTensors } from '../src/models/index.ts'
import type { ShrunkProfile } from '../src/profiles/index.ts'
import { shrinking } from '../src/students/index.ts'
import { stack, Tensor } from '../src/tensor/index.ts'
import { ProfileMismatchError } from './errors.ts'

/**
 * What a profile says of a description, as what a plan asks workers for: they serve it as a model of its own.
 *
 * @throws {ProfileMismatchError} the profile is of another model or output
 */
export function shrunkDescription(
  profile: ShrunkProfile,
  { model, output }: { model: Model; output: string }
): Description {
  if (profile.model !== model.id || profile.output !== output) {
    throw new ProfileMismatchError(
      `the description's profile is of ${profile.output} of the model ${profile.model.slice(0, 12)}, and asked for is ${output} of '${model.name}', ${model.id.slice(0, 12)}: calibrate the description for it`
    )
  }
  const { shape, view, together, confidence, agreement, error } = profile
  const shrink = shrinking(shape, view)
  const [input] = model.signature.inputs
  return {
    model: profile.description,
    output: 'description',
    feed: queries => ({ [input.name]: stack(queries.map(query => shrunk(query))) }),
    read(answer) {
      const { logits, expected } = readLogits(confidence, Float32Array.from(answer.data, Number))
      return { output: Tensor.float32(logits, answer.shape), expected }
    },
    together,
    expected: { agreement, error }
  }

  function shrunk(query: NamedTensors): Tensor {
    const [image] = Object.values(query)
    return Tensor.float32(shrink(Float32Array.from(image.data, Number)), [shape.channels, view.height, view.width])
  }
}
