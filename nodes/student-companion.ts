import { type Confidence, readLogits } from '../src/codes/index.ts'
import type { Companion } from '../src/inference/index.ts'
import type { Model, NamedTensors } from '../src/models/index.ts'
import type { StudentProfile } from '../src/profiles/index.ts'
import { stack, Tensor } from '../src/tensor/index.ts'
import { InvalidOptionError, ProfileMismatchError } from './errors.ts'

export interface StudentCompanionInit {
  /** The small model: one input like the deployed one's, any number of rows of it; and its logits as an output. */
  student: Model
  /** The output with its logits. */
  output: string
  /** What its answers are worth. */
  confidence: Confidence
}

/**
 * A small model as the companion that the master asks.
 *
 * @throws {InvalidOptionError} it takes more than one input
 */
export function studentCompanion({ student, output, confidence }: StudentCompanionInit): Companion {
  return {
    model: student.id,
    output,
    feed: fedInTurn(student),
    read(answer) {
      const { logits, expected } = readLogits(confidence, Float32Array.from(answer.data, Number))
      return { output: Tensor.float32(logits, answer.shape), expected }
    }
  }
}

/**
 * How a student is fed queries: one after the other along its batch axis.
 *
 * @throws {InvalidOptionError} it takes more than one input
 */
export function fedInTurn({ name, signature: { inputs } }: Model): Companion['feed'] {
  const [input, ...others] = inputs
  if (input === undefined || others.length > 0) {
    throw new InvalidOptionError(`a student has one input, and '${name}' has ${inputs.length}: give another model`)
  }
  return queries => ({ [input.name]: stack(queries.map(onlyInput)) })
}

/**
 * The student that a profile is of, among the companions of this peer.
 *
 * @throws {ProfileMismatchError} the profile is of another model or output, or there is no such companion
 */
export function ownStudent(
  profile: StudentProfile,
  { model, output, companions }: { model: Model; output: string; companions: readonly Model[] }
): Companion {
  if (profile.model !== model.id || profile.output !== output) {
    throw new ProfileMismatchError(
      `the student's profile is of ${profile.output} of the model ${profile.model.slice(0, 12)}, and asked for is ${output} of '${model.name}', ${model.id.slice(0, 12)}: calibrate the student for it`
    )
  }
  const student = companions.find(({ id }) => id === profile.student)
  if (student === undefined) {
    const there = companions.map(({ name, id }) => `${name}@${id.slice(0, 12)}`).join(', ')
    throw new ProfileMismatchError(
      `the profile is of the student ${profile.student.slice(0, 12)}, and this peer has ${there || 'no companions'}: start it with that model among its companions`
    )
  }
  return studentCompanion({ student, output: profile.studentOutput, confidence: profile.confidence })
}

/** The one tensor of a query, without its batch axis. */
function onlyInput(query: NamedTensors): Tensor {
  return Object.values(query)[0].row(0)
}
