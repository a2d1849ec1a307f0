/**
 * @packageDocumentation
 *
 * The master: how queries become groups, tasks, and predictions. A state machine without I/O ({@link Master}), and the
 * shell that connects it to channels and a clock ({@link drive}), real or virtual alike. Imports `advisor`, `codes`,
 * `fleet`, `models` and `tensor`; never a clock, a timer or a network.
 */

export type { ExpectedQuality } from '../codes/index.ts'
export type { WorkerId } from '../fleet/index.ts'
export {
  type Clock,
  type Millis,
  type Observation,
  SELF,
  type Task,
  type TaskCallbacks,
  type TaskResult,
  type TaskTimings,
  type WorkerChannel
} from './channel.ts'
export type { Companion, Description, Exit, LearnedEncoder, ParityModel, Reading, Side } from './companion.ts'
export type { CalibratedPlan, Decoded, EarlyAnswers, Source } from './decode.ts'
export { type Drive, type DriveInit, drive, WorkerGoneError } from './drive.ts'
export {
  DeadlineError,
  InvalidPlanError,
  NotFiniteError,
  NotRecoveredError,
  NoWorkersError,
  UnusableResultError
} from './errors.ts'
export type {
  CallId,
  Effect,
  GroupAnswer,
  GroupId,
  GroupReport,
  MasterEvent,
  Outcome,
  StopReason,
  TaskReport
} from './events.ts'
export type { Hedge } from './hedge.ts'
export { linearPlan } from './linear-plan.ts'
export { Master } from './master.ts'
export { type Plan, type PlanInit, type PlanSpec, type PlanTask, planSpec, type TaskRole } from './plan.ts'
export { sidePlan } from './side-plan.ts'
