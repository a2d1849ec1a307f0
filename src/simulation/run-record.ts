import type { Millis, Source } from '../inference/index.ts'
import type { Violation } from './invariants.ts'

/** What became of a query. */
export interface QueryRecord {
  askedAt: Millis
  endedAt: Millis
  status: 'exact' | 'reconstructed' | 'failed'
  /** How likely its prediction is right, where that is known; 0 where there is none. */
  accuracy: number | undefined
  /** What its prediction was made of; absent where there is none. */
  source?: Source
  /** Was the student on when it was asked? Absent where none learns. */
  studentOn?: boolean
}

/** What a group cost. */
export interface GroupRecord {
  startedAt: Millis
  tasks: number
  /** Results that were in when it was answered. */
  used: number
  /** Bytes of its tasks. */
  bytes: number
}

/** What happened to one plan in a scenario, simulated or real. */
export interface RunRecord {
  queries: QueryRecord[]
  groups: GroupRecord[]
  /** Runs that workers ended, whether anybody used them or not. */
  runs: number
  violations: Violation[]
  /** On real processes: the longest that the master's did not get a core, so that all of its times may be off by that. */
  stalled?: Millis
}
