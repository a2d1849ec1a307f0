import type { ExpectedQuality } from '../codes/index.ts'
import type { ModelId, NamedTensors } from '../models/index.ts'
import type { Tensor } from '../tensor/index.ts'

/** A model beside the deployed one that answers the same queries nearly as well, for less. */
export interface Companion {
  model: ModelId
  /** Its output that is the result: a row for each query, like one of the deployed model. */
  output: string
  /** Its inputs for these queries, one after the other along the batch axis. */
  feed(queries: readonly NamedTensors[]): NamedTensors
  /** What its answer to a query (a row with its batch axis) says of the deployed model's. */
  read(answer: Tensor): Reading
  /**
   * Is what it says to be believed at present? One that learns while it serves is asked all the same, for that is how it
   * learns, but nobody waits for it. Always, if left out.
   */
  believed?(): boolean
  /** The deployed model's own result for a query, and what the companion had answered. */
  learn?(answer: Tensor, own: Tensor): void
}

/** An answer as a prediction, and what is to be expected of it. */
export interface Reading {
  output: Tensor
  expected: ExpectedQuality
}

/** A companion that workers run on several queries at once for what the deployed model costs on one. */
export interface Description extends Companion {
  /** How many queries share a run. */
  together: number
  /** It takes exactly so many: in a smaller group, some of them more than once. @default at most so many */
  whole?: true
  /** What is to be expected of it before it is run. */
  expected: ExpectedQuality
}

/** A further output of the deployed model that is there before its last layers have run. */
export interface Exit {
  output: string
  /** What it says of the model's own answer to a query. */
  read(answer: Tensor): Reading
}

/**
 * A companion that workers run in place of the deployed model on a mixture of a whole group. Its result stands for that of the
 * coded query, the same mixture of predictions.
 */
export interface ParityModel {
  model: ModelId
  output: string
  /** Its inputs for a group of K queries. @default the code's own mixture of them, under the names of the deployed model's inputs */
  feed?(queries: readonly NamedTensors[]): NamedTensors
  /** A model that makes its inputs, in place of `feed`. */
  encoder?: LearnedEncoder
}

/** A small model that the master itself runs to make the coded query of a group. */
export interface LearnedEncoder {
  model: ModelId
  /** Its output that is the coded query. */
  output: string
  feed(queries: readonly NamedTensors[]): NamedTensors
  /** The coded query as inputs of the model that it is for. */
  read(coded: Tensor): NamedTensors
}

/**
 * What helps beside copies of the queries: the answers of a small model that the master itself runs, descriptions that spare
 * workers run, what exits of the model say of queries that slow workers are at, and the master at last.
 */
export interface Side {
  student?: Companion
  description?: Description
  exits?: readonly Exit[]
  /** Shortly before the deadline the master runs the deployed model by itself on queries that are still missing. */
  rescue?: true
}

/** What a prediction that is expected to be like this loses beside an exact one. */
export function loss({ agreement, error }: ExpectedQuality): number {
  return agreement === undefined ? error : 1 - agreement
}
