/**
 * @packageDocumentation
 *
 * A fleet on a virtual clock: seeded, replayable, driving the same master as a real one. Same seed, same bytes.
 */
export { logged } from './event-log.ts'
export { type Random, random, shuffled } from './random.ts'
export {
  type Fault,
  type VirtualChannel,
  type VirtualProfile,
  type VirtualWorkerInit,
  virtualChannel
} from './virtual-channel.ts'
export { VirtualClock } from './virtual-clock.ts'
