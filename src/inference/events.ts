import type { ExpectedQuality } from '../codes/index.ts'
import type { WorkerId } from '../fleet/index.ts'
import type { ModelId, NamedTensors } from '../models/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { Millis, Task, TaskResult, TaskTimings } from './channel.ts'
import type { Source } from './decode.ts'
import type { PlanSpec, TaskRole } from './plan.ts'

export type CallId = number
export type GroupId = number
export type TaskId = number
export type TimerId = number

/** What happens to the master. */
export type MasterEvent =
  /** A batch: groups of its own, `concurrency` of them at a time. The call ends when each query has its outcome. */
  | { type: 'batch'; call: CallId; queries: readonly NamedTensors[]; spec: PlanSpec; concurrency: number }
  /** What the effect of this name asks for: another group of a batch may start. */
  | { type: 'advance'; call: CallId }
  /** One query, to be grouped with others of the same `lane` over time. */
  | { type: 'query'; call: CallId; query: NamedTensors; spec: PlanSpec; lane: string }
  | { type: 'accepted'; task: TaskId }
  /** Exits of a model have spoken, whose run goes on. */
  | { type: 'early'; task: TaskId; outputs: NamedTensors }
  | { type: 'result'; task: TaskId; result: TaskResult }
  | { type: 'failed'; task: TaskId; error: Error }
  | { type: 'timer'; timer: TimerId }
  /** The caller gave up: its queries end with `reason`. */
  | { type: 'abort'; call: CallId; reason: Error }
  /** The fleet changed: groups that waited for a worker try again. */
  | { type: 'workers' }

/** What the master wants done. */
export type Effect =
  /** Its inputs have so many bytes. */
  | { type: 'submit'; id: TaskId; worker: WorkerId; bytes: number; task: Task }
  | { type: 'cancel'; id: TaskId }
  | { type: 'arm'; timer: TimerId; at: Millis }
  | { type: 'disarm'; timer: TimerId }
  | { type: 'answer'; answer: GroupAnswer }
  /** Comes back as an event, once the effects before it were carried out. */
  | { type: 'advance'; call: CallId }
  /** The results of others contradict that of this worker. */
  | { type: 'wrong'; worker: WorkerId }

/** A prediction, or the named error in its place. */
export type Outcome =
  | {
      /** `exact`: the model's own result on this very query. `reconstructed`: made of other results; see `source`. */
      status: 'exact' | 'reconstructed'
      source: Source
      /** The decoded output of the model, with its batch axis. */
      output: Tensor
      group: GroupId
      /** For a reconstructed one, where calibration measured it. */
      expected?: ExpectedQuality
      /** A quality was asked for, and this reconstructed prediction is not known to have it. */
      belowQuality?: true
    }
  | { status: 'failed'; error: Error; group: GroupId | undefined }
  /** Only in an answer that is not final. */
  | { status: 'pending'; group: GroupId | undefined }

/** What is known of the queries of a group: terminal when `final`, else the best so far. */
export interface GroupAnswer {
  final: boolean
  outcomes: Array<{ call: CallId; position: number; outcome: Outcome }>
  report: GroupReport
}

/**
 * Why a group stopped. The stop rule: all are `exact`; `enough` results are in; the `quality` that was asked for is reached. Or
 * everything ended before it held, or the deadline came, or all its callers left.
 */
export type StopReason = 'exact' | 'enough' | 'quality' | 'exhausted' | 'deadline' | 'aborted'

/** How a group went; times are on the master's clock. */
export interface GroupReport {
  group: GroupId
  code: string
  k: number
  n: number
  model: ModelId
  startedAt: Millis
  deadlineAt: Millis
  endedAt: Millis | undefined
  stop: StopReason | undefined
  /** Ascending indices of the workers' tasks whose results arrived and are believed. */
  survivors: number[]
  tasks: TaskReport[]
}

/** Who got what, and when each stage ended. A task that was sent more than once has a report for each time. */
export interface TaskReport {
  index: number
  role: TaskRole
  /** The queries of the group that its result gives predictions of; none for a mixture of queries. */
  queries: readonly number[]
  /** {@link SELF} for one that the master ran by itself. */
  worker: WorkerId
  /** Which variant the worker was to run, where the caller allowed several. */
  variant?: ModelId
  /** Bytes of the task's tensors. */
  bytes: number
  submittedAt: Millis
  acceptedAt?: Millis
  /** When an exit spoke last. */
  earlyAt?: Millis
  endedAt?: Millis
  /**
   * `cancelled`: nobody waited for it any more, since the group stopped or another worker had its task too; a straggler.
   * `wrong`: its result came, and was left out, for those of the others contradict it.
   */
  status: 'waiting' | 'result' | 'wrong' | 'failed' | 'cancelled'
  timings?: TaskTimings
  error?: Error
}
