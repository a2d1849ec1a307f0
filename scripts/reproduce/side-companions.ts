import { calibrate, type FittedDescription, studentCompanion, studentWorth } from '../../nodes/index.ts'
import { type AdvisedPlan, advise, type DescriptionFacts, type StudentFacts } from '../../src/advisor/index.ts'
import { random, shuffled } from '../../src/chance/index.ts'
import { type Confidence, learnConfidence, type Profile } from '../../src/codes/index.ts'
import type { Companion, Description, Exit } from '../../src/inference/index.ts'
import { onnxExecutor } from '../../src/runtime/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import type { Dataset } from './images.ts'
import type { Answers, FittedExits, SideAnswers } from './side-students.ts'

/** A companion as a plan knows it, what it says to each test image, and what the advisor knows of it. */
interface Beside<C, F> {
  companion: C
  answers: readonly Float32Array[]
  facts: F
}

export type SideStudent = Beside<Companion, StudentFacts>
export type SideDescription = Beside<Description, DescriptionFacts>

const STREAM = 34
/** Groups that tell the advisor what a guess is worth. */
const GROUPS = 30

/** @param cost of the student, in runs of the model */
export function studentOf({ learning, test }: SideAnswers, cost: number): SideStudent {
  const { confidence, ...worth } = studentWorth(learning.student, learning.own)
  return { companion: named('student', confidence), answers: test.student, facts: { ...worth, cost } }
}

/** A student that answers some other query, in learning as in the test. */
export function uselessStudent({ learning, test, ...rest }: SideAnswers, cost: number, seed: number): SideStudent {
  const unlike = (answers: Answers): Answers => {
    return { ...answers, student: shuffled(answers.student, random(seed, STREAM)) }
  }
  return studentOf({ ...rest, learning: unlike(learning), test: unlike(test) }, cost)
}

/** What is expected of a description before it is run is what it was like on images for learning. */
export function descriptionOf(
  { confidence, together, agreement, regret, error, answers: learned }: FittedDescription,
  answers: readonly Float32Array[]
): SideDescription {
  const expected = { error, agreement }
  return {
    companion: { ...named('description', confidence), together, expected },
    answers,
    facts: { ...expected, regret, together, queries: learned.length }
  }
}

/** An exit, what it says to each test image, and the share of the work that is done when it speaks. */
export interface SideExit {
  exit: Exit
  at: number
  answers: readonly Float32Array[]
}

/** What they are worth was learned of images that the readout of each was not fitted to. */
export function exitsOf({ exits, own }: FittedExits, said: readonly Float32Array[][] = []): SideExit[] {
  return exits.map(({ output, at, answers }, i) => {
    const { read } = named(output, learnConfidence(answers, own))
    return { exit: { output, read }, at, answers: said[i] }
  })
}

function named(name: string, confidence: Confidence): Companion {
  const input = { name: 'x', dtype: 'float32', shape: [null, 1] } as const
  const model = { id: name, name, signature: { inputs: [input], outputs: [] } }
  return studentCompanion({ student: model, output: 'y', confidence })
}

/**
 * What `advise` is to know of the deployed model: what a guess is worth. Of codes it gets none of the sizes that it is asked about, and so it
 * chooses among copies with and without companions; `reproduce -- advisor` has it choose among codes.
 */
export async function profileOf({ models, learning }: Dataset, k: number, seed: number): Promise<Profile> {
  const executor = onnxExecutor({ models: [{ name: 'deployed', path: models.deployed }] })
  await executor.start()
  try {
    const [{ id, signature }] = executor.models
    const shape = signature.inputs[0].shape.slice(1).map(length => length ?? 1)
    const { profile } = await calibrate({
      executor,
      model: id,
      data: learning.pixels.map(pixels => Tensor.float32(pixels, shape)),
      labels: Array.from(learning.labels),
      plans: [{ k, n: k + 1, code: { name: 'nercc', layout: 'systematic', lambdaEncode: 0 } }],
      groups: GROUPS,
      seed
    })
    return profile
  } finally {
    await executor.stop()
  }
}

/** The plan that `infer --code auto` takes for groups of this size when exactly so many workers straggle. */
export function autoPlan(
  profile: Profile,
  { k, n, stragglers }: Record<'k' | 'n' | 'stragglers', number>,
  { student, description }: { student: SideStudent; description?: SideDescription }
): AdvisedPlan {
  const fleet = { workers: n, stragglers: { count: stragglers } }
  return advise({ profile, fleet, k, n, student: student.facts, description: description?.facts }).recommended
}
