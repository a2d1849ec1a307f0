/**
 * @packageDocumentation
 *
 * What a master knows of its workers: who there is, which models each serves, how fast each answered. Keyed by worker id,
 * written by the master's shell alone, read by the master when it selects workers. Imports nothing of ours.
 */
export { AnswerTimes, type AnswerTimesSnapshot } from './answer-times.ts'
export { atLeast, type Together } from './at-least.ts'
export { Fleet, type FleetSnapshot, type WorkerId } from './fleet.ts'
export { Placing } from './placing.ts'
export { type Choice, Roster } from './roster.ts'
export type { Times, Timings } from './times.ts'
