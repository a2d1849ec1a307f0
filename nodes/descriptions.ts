import type { DescriptionFacts } from '../src/advisor/index.ts'
import { readLogits } from '../src/codes/index.ts'
import { mosaic } from '../src/companions/index.ts'
import type { Description } from '../src/inference/index.ts'
import type { Model } from '../src/models/index.ts'
import type { DescriptionProfile, ShrunkProfile } from '../src/profiles/index.ts'
import { Tensor } from '../src/tensor/index.ts'
import { ProfileMismatchError } from './errors.ts'
import { shrunkDescription } from './shrunk-companion.ts'

/** What the advisor is to know of it. */
export function descriptionFacts(profile: DescriptionProfile | ShrunkProfile): DescriptionFacts {
  const { agreement, regret, error } = profile
  const { together, queries } =
    'view' in profile ? profile : { together: profile.side ** 2, queries: profile.groups * profile.side ** 2 }
  return { agreement, regret, error, together, queries }
}

/**
 * The description model of a profile, as spare workers are asked for it.
 *
 * @param asked the deployed model, and the output that is decoded
 * @throws {ProfileMismatchError} the profile is of another model or output
 */
export function descriptionOf(
  profile: DescriptionProfile | ShrunkProfile,
  asked: { model: Model; output: string }
): Description {
  return 'view' in profile ? shrunkDescription(profile, asked) : mosaicDescription(profile, asked)
}

function mosaicDescription(
  profile: DescriptionProfile,
  { model, output }: { model: Pick<Model, 'id' | 'name'>; output: string }
): Description {
  const { side, confidence, agreement, error } = profile
  if (profile.model !== model.id || profile.output !== output) {
    throw new ProfileMismatchError(
      `the description is of ${profile.output} of the model ${profile.model.slice(0, 12)}, and asked for is ${output} of '${model.name}', ${model.id.slice(0, 12)}: train one for it`
    )
  }
  return {
    model: profile.description,
    output: profile.descriptionOutput,
    together: side * side,
    whole: true,
    expected: { agreement, error },
    feed(queries) {
      const [name] = Object.keys(queries[0])
      return {
        [name]: mosaic(
          queries.map(query => query[name]),
          { rows: side, columns: side }
        )
      }
    },
    read(answer) {
      const { logits, expected } = readLogits(confidence, Float32Array.from(answer.data, Number))
      return { output: Tensor.float32(logits, answer.shape), expected }
    }
  }
}
