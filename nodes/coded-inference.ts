/**
 * @packageDocumentation
 *
 * The coded inference service of a libp2p node: it serves models, asks other peers to run them, or both. As a master it
 * groups queries, codes them, sends the tasks to workers, and decodes every prediction from whichever answer in time.
 *
 * @example
 *
 * ```typescript
 * import { noise } from '@chainsafe/libp2p-noise'
 * import { yamux } from '@chainsafe/libp2p-yamux'
 * import { identify } from '@libp2p/identify'
 * import { tcp } from '@libp2p/tcp'
 * import { createLibp2p } from 'libp2p'
 * import { codedInference } from 'splinemesh'
 * import { Tensor } from 'splinemesh/tensor'
 *
 * const node = await createLibp2p({
 *   transports: [tcp()],
 *   connectionEncrypters: [noise()],
 *   streamMuxers: [yamux()],
 *   services: { identify: identify(), codedInference: codedInference() }
 * })
 *
 * const { outcomes } = await node.services.codedInference.infer({
 *   model: 'lenet5',
 *   queries: [Tensor.float32(new Float32Array(1024), [1, 32, 32])],
 *   k: 1,
 *   n: 3,
 *   deadline: 500
 * })
 * ```
 */
import type { AbortOptions, ComponentLogger, Metrics, PeerId } from '@libp2p/interface'
import type { Registrar } from '@libp2p/interface-internal'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { InferInit } from '../protocols/infer/index.ts'
import type { CodeName, CodeOptions, OrderKind, Profile } from '../src/codes/index.ts'
import type { Fleet, FleetSnapshot } from '../src/fleet/index.ts'
import type { Clock, Hedge, Millis, Outcome } from '../src/inference/index.ts'
import type { Model, Variants } from '../src/models/index.ts'
import type {
  DescriptionProfile,
  ExitsProfile,
  ParityProfile,
  ShrunkProfile,
  StudentProfile
} from '../src/profiles/index.ts'
import type { Executor, Load } from '../src/runtime/index.ts'
import type { Answer, FinalAnswer } from './calls.ts'
import { CodedInferenceService } from './coded-inference-service.ts'
import type { FeaturesChoice } from './features.ts'
import type { LearningStudent } from './learning-student.ts'
import type { ModelRoutingComponents } from './model-routing.ts'
import type { Queries, Query } from './queries.ts'
import type { WorkerInfo } from './workers.ts'

export interface CodedInferenceInit {
  /** Runs the models that this peer serves; started and stopped with the service. Without it the peer only asks. */
  executor?: Executor
  /** Tasks that may wait in front of the executor. @default 256 */
  maxQueued?: number
  /**
   * Let tasks of one model that wait share a run, where that serves them: each model is measured at the start, and is left
   * out if its rows are not independent of each other. @default false
   */
  batching?: boolean
  /**
   * Runs the small models that this peer asks by itself as a master, one task at a time and served to nobody; started and
   * stopped with the service.
   */
  companions?: Executor
  /** Limits and timeouts of the wire. */
  infer?: Omit<InferInit, 'admission' | 'now' | 'observe'>
  /** Which peers this one, as a master, sends tasks to. @default all that serve */
  mayServe?(worker: PeerId): boolean
  /** What is known of workers, and who is chosen of them: what ours is compared with comes in here. @default a new one */
  fleet?: Fleet
  /** What an earlier process measured of its workers, as {@link CodedInference.snapshot} gave it. */
  memory?: FleetSnapshot
  /** @default the process's monotonic clock */
  clock?: Clock
}

export interface CodedInferenceComponents extends ModelRoutingComponents {
  registrar: Registrar
  logger: ComponentLogger
  metrics?: Metrics
}

/** A code by name, or by name and options. */
export type CodeChoice = CodeName | NamedCode

export type NamedCode = { name: CodeName } & Omit<CodeOptions, 'k' | 'n'>

/** How to answer. */
export interface InferOptions extends AbortOptions {
  /** A model's name, `name@` and the first digits of its id, or its id (sha-256 of the file, hexadecimal). */
  model: string
  /**
   * Builds of the model that may answer in one group; the group's report says which each worker ran. `exact` is then the result of
   * that variant. @default none: all workers of a group run the file of one content id
   */
  variants?: Variants
  /** Queries in a group, K. @default 4 */
  k?: number
  /**
   * Coded queries of a group, N. Where it is not given, nor anything that depends on it, no more leave at once than are enough by
   * the deadline with a probability of 99 %, as far as workers are measured: see `fewest`.
   *
   * @default 2·k (uncoded: k)
   */
  n?: number
  /**
   * `auto` takes what `advise` recommends for the workers that are known, of the plans of `profile`, of plain copies, and
   * of the companions and exits that are given, with the k and n that are given; it needs `profile`.
   *
   * @default 'replication': exact, and at equal machines even with the published codes or better (docs/codes.md)
   */
  code?: CodeChoice | 'auto'
  /**
   * How a group's queries are ordered before they are mixed: neighbours that are alike make the code's curve smoother, and
   * what it reconstructs better. Of no effect on codes that only copy. @default 'none'
   */
  order?: OrderKind
  /**
   * What makes queries alike for that order, found out before they leave: a function of a query, or the name of one of this peer's
   * `companions`, whose output it is (the softmax of `logits`). Not with a profile, which knows groups in the order of their inputs.
   *
   * @default their first float input
   */
  features?: FeaturesChoice
  /**
   * What `calibrate` learned of this model. Its plan that fits k, n, code and order, as far as they are given, says the rest of
   * them, the output and the decoder, and gives reconstructed predictions what is to be expected of them. Not to be
   * changed while in use.
   */
  profile?: Profile
  /**
   * What `calibrateStudent` learned of a small model that is one of this peer's `companions`: the master runs it on each group,
   * spare workers go to the queries that it is least sure of, and what no worker answers in time is its answer. The code
   * then is replication. Or a student that learns while it serves, the same one for all calls.
   */
  student?: StudentProfile | LearningStudent
  /**
   * What `calibrateDescription` learned of a model that workers serve beside the deployed one and that answers several queries in
   * one run: spare workers are asked for it where it is worth more than copies. The code then is replication.
   */
  description?: DescriptionProfile | ShrunkProfile
  /**
   * What `calibrateExits` learned of the exits of the model: workers say early what they see there, and of a query that none
   * answers in time that is its prediction. The code then is replication.
   */
  exits?: ExitsProfile
  /**
   * What `calibrateParities` learned of parity models, which workers serve beside the model: they say code `parm`, k, n, the output
   * and what reconstructed predictions are worth. Not to be changed while in use.
   */
  parity?: ParityProfile
  /**
   * Shortly before the deadline the master runs the model by itself on queries that have no prediction yet, or none of the
   * quality that is asked for, as far as they can be ready in time. The model must be one of this peer's `companions`; the
   * code then is replication. @default false
   */
  rescue?: boolean
  /**
   * How many of n workers need not answer; with fewer workers, the same share. With code `auto`, how many of the workers that
   * are known do not answer in time; below 1, the share of them that does not.
   *
   * @default half of the spare ones, (n − k) / 2; with code `auto` the share of answers that took longer than the deadline so
   * far, or one in ten where none is measured
   */
  stragglers?: number
  /**
   * Wait until each prediction is exact or names the class that the model itself would with this probability, as far as the
   * profile can tell, instead of for N − s results. Those that have not got there at the deadline say `belowQuality`.
   */
  quality?: number
  /** The most results of a group that may be left out because those of the others contradict them. Needs a profile. @default 0 */
  maxWrong?: number
  /** When to send a task to a second worker as well: late ones, or each at once. @default never */
  hedge?: Hedge
  /**
   * Send at first the fewest tasks that are enough by the deadline, and what n allows beside them when they are late. Not with
   * companions, a quality, or answers that get better until the deadline.
   *
   * @default whether n is left out, and all that depends on it
   */
  fewest?: boolean
  /**
   * How long a query may take, in ms, from the moment its group leaves (a single one: from the call).
   *
   * @default ten times what 99 in 100 tasks of this model took, at least 250; 1000 until more than 32 were answered
   */
  deadline?: Millis
  /** The output of the model to decode. @default 'logits' if there is one, else the first */
  output?: string
  /** At the deadline, answer with what there is, or fail the group's queries. @default 'answer' */
  onDeadline?: 'answer' | 'fail'
}

/** How to answer, the code being known. */
export interface CodedOptions extends Omit<InferOptions, 'code'> {
  code?: CodeChoice
}

export interface InferRequest extends InferOptions {
  queries: Queries
  /** Groups in progress at once. @default 4 */
  concurrency?: number
}

export interface ProgressiveRequest extends InferRequest {
  /** Go on to the stop rule, or as long as there is something to wait for. @default 'stop' */
  refineUntil?: 'stop' | 'deadline'
}

export interface PredictOptions extends InferOptions {
  /** How long to wait for other queries to share the group, in ms; at most half of the deadline. @default 10 */
  maxWait?: Millis
}

/** An outcome that is a prediction. */
export type Prediction = Extract<Outcome, { status: 'exact' | 'reconstructed' }>

export interface WaitOptions extends AbortOptions {
  model: string
  /** How many workers must serve it. @default 1 */
  count?: number
}

/** A peer that is said to serve models: a hint, to be confirmed by the peer itself. */
export interface Hint {
  peer: PeerId
  /** Where it can be dialled. */
  addresses: readonly Multiaddr[]
  models: ReadonlyArray<Pick<Model, 'id' | 'name'>>
}

/** What a worker may tell others of itself. */
export interface WorkerLoad extends Load {
  models: readonly Model[]
}

export interface CodedInference {
  /**
   * Answers every query, in the caller's order: a prediction, exact or reconstructed, or a named error in its place. More
   * queries than K are split into groups.
   *
   * @throws {NoQueriesError | ShapeMismatchError | DtypeMismatchError | SignatureMismatchError | NotFiniteError} bad
   *   queries; none was sent
   * @throws {InvalidCodeError | InvalidPlanError | UnknownCodeError | InvalidOptionError} bad options
   * @throws {InvalidFleetError | NoAdviceError} code `auto`, with more stragglers than workers or no plan of this k and n
   * @throws {ProfileMismatchError} the profile is of another model, or not exactly one of its plans fits the options; that of
   *   parity models and exits likewise; the student's is of another model, or of a student that this peer does not have
   * @throws {NoWorkersError} no worker that serves the model was found by the deadline
   * @throws {AmbiguousModelError} workers serve different models of this name
   * @throws {PeerStoppedError} the peer is not started, or stopped meanwhile
   */
  infer(request: InferRequest): Promise<FinalAnswer>
  /** As {@link infer}, but yields a first answer as soon as something can be decoded, then better ones; the last is final. */
  inferProgressively(request: ProgressiveRequest): AsyncGenerator<Answer>
  /**
   * Answers one query, which shares a group with others that are asked in the same way at about the same time. Throws as
   * {@link infer} does, and the named error of the query if it has no prediction.
   */
  predict(query: Query, options: PredictOptions): Promise<Prediction>
  /** The workers that were reached so far; asking makes this peer reach out to those it knows. */
  workers(): WorkerInfo[]
  /** What was measured of workers, to be given to a later process. */
  snapshot(): FleetSnapshot
  /** How busy this peer is as a worker; undefined if it serves nothing. */
  load(): WorkerLoad | undefined
  /** Connects to a peer that is said to serve a model which was asked for lately. */
  heard(hint: Hint): void
  /** Resolves when enough workers that serve the model were reached; rejects when the signal aborts. */
  waitForWorkers(options: WaitOptions): Promise<void>
}

export function codedInference(
  init: CodedInferenceInit = {}
): (components: CodedInferenceComponents) => CodedInference {
  return components => new CodedInferenceService(components, init)
}
