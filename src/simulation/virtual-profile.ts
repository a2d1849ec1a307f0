import type { Millis } from '../inference/index.ts'
import type { Spoil } from './spoil.ts'

/**
 * What can go wrong with a task: `silent` it is never accepted, `stall` accepted and never answered, `fail` the run fails, `truncated` the
 * result breaks off, `duplicate` it is sent twice, which breaks the connection; or the result is spoilt.
 */
export type TaskFault = 'silent' | 'stall' | 'fail' | 'truncated' | 'duplicate' | Spoil

/** Does it keep the result from coming whole, and once? Else the result is another than it should be. */
export function isTransport(fault: TaskFault | undefined): fault is Exclude<TaskFault, Spoil> {
  return typeof fault === 'string' && ['silent', 'stall', 'fail', 'truncated', 'duplicate'].includes(fault)
}

/** How a virtual worker behaves. Each function is asked anew for each task or message. */
export interface VirtualProfile {
  /** Time of a run that begins now. */
  service(): Millis
  /** Time on the network, one way, of a message that leaves now: to the worker, or from it. */
  network(bytes: number, way: 'to' | 'from'): Millis
  fault(): TaskFault | undefined
  /** The worker's clock goes so many times as fast as the master's. Default 1. */
  clockRate?(): number
  /** The worker says that a run took so many times what it did. Default 1. */
  lie?(): number
}
