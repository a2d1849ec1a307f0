/**
 * @packageDocumentation
 *
 * What a master knows of its workers: who there is, which models each serves, how fast each answered. Keyed by worker id,
 * written by the master's shell alone, read by the master when it selects workers. Imports nothing.
 */
export { Fleet, type WorkerId } from './fleet.ts'
export { Placing } from './placing.ts'
