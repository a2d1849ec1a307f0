/**
 * @packageDocumentation
 *
 * The master: how queries become groups, tasks, and predictions. A state machine without I/O ({@link Master}), and the
 * shell that connects it to channels and a clock ({@link drive}), real or virtual alike. Imports `codes`, `fleet`,
 * `models` and `tensor`; never a clock, a timer or a network.
 */

export type { ExpectedQuality } from '../codes/index.ts'
export type { WorkerId } from '../fleet/index.ts'
export type {
  Clock,
  Millis,
  Observation,
  Task,
  TaskCallbacks,
  TaskResult,
  TaskTimings,
  WorkerChannel
} from './channel.ts'
export type { CalibratedPlan } from './decode.ts'
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
export { Master } from './master.ts'
export {
  linearPlan,
  type Plan,
  type PlanInit,
  type PlanSpec,
  type PlanTask,
  planSpec
} from './plan.ts'
