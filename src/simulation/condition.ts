import type { Random } from '../chance/index.ts'
import type { Clock, Millis } from '../inference/index.ts'
import { exponential, normal, pareto } from './distributions.ts'
import type { Fault } from './fault.ts'
import type { TaskFault } from './virtual-profile.ts'

/** What is wrong with a machine for a while. */
export interface Condition {
  /** Time of a run that would take so long. */
  run?(ms: Millis): Millis
  /** Mbit/s at most, to the machine and from it. */
  bandwidth?: { to: number; from: number }
  /** How much later a message of so many bytes arrives. */
  delay?(bytes: number): Millis
  task?(): TaskFault | undefined
  clockRate?: number
  lie?: number
}

/** Bytes of payload in a packet of Ethernet, and how long TCP waits at least before it sends one again (RFC 6298: 1 s; Linux: 200 ms). */
const PACKET_BYTES = 1460
const RETRANSMIT: Millis = 200
/** How often in a row a packet can get lost. */
const MOST_LOST = 5

/** The condition that a fault puts a machine into; an empty one where the fault is an event (a crash, say). */
export function conditionOf(fault: Fault, clock: Clock, chance: Random): Condition {
  switch (fault.kind) {
    case 'slow':
      return { run: ms => slower(fault, ms) }
    case 'slow-exponential':
      return { run: ms => ms + (fault.add ?? 0) + exponential(fault.mean, chance) }
    case 'slow-pareto':
      return { run: ms => ms + pareto(fault.scale, fault.shape, chance) }
    case 'slow-bimodal':
      return { run: ms => (chance() < fault.share ? slower(fault, ms) : ms) }
    case 'slow-episodes': {
      const slow = episodes(clock, chance, fault.fast, fault.slow)
      return { run: ms => (slow() ? slower(fault, ms) : ms) }
    }
    case 'slow-thermal': {
      const since = clock.now()
      return { run: ms => ms * (1 + (fault.factor - 1) * Math.min(1, (clock.now() - since) / fault.rise)) }
    }
    case 'stall':
    case 'fail':
      return { task: () => struck(fault.kind, fault.share, chance) }
    case 'wrong': {
      const { how, size = 10 } = fault
      const wrong = how === 'noise' ? { noise: () => size * normal(chance) } : how
      return { task: () => struck(wrong, fault.share, chance) }
    }
    case 'bandwidth':
      return { bandwidth: { to: fault.limit, from: fault.limit } }
    case 'drip':
      return { bandwidth: { to: Infinity, from: (fault.rate * 8) / 1e6 } }
    case 'loss': {
      const lossy =
        fault.burst === undefined ? () => true : episodes(clock, chance, fault.calm ?? fault.burst, fault.burst)
      return { delay: bytes => (lossy() ? resent(bytes, fault.share, chance) : 0) }
    }
    case 'lie':
      return { lie: fault.factor }
    case 'skew':
      return { clockRate: 1 + fault.drift }
    default:
      return {}
  }
}

function slower({ factor = 1, add = 0 }: { factor?: number; add?: Millis }, ms: Millis): Millis {
  return factor * ms + add
}

function struck<T extends TaskFault>(by: T, share = 1, chance: Random): T | undefined {
  return share === 1 || chance() < share ? by : undefined
}

/** Is it in an episode now? Between episodes is where it begins; both last an exponential time. */
function episodes(clock: Clock, chance: Random, between: Millis, within: Millis): () => boolean {
  let inside = false
  let until = clock.now() + exponential(between, chance)
  return () => {
    while (clock.now() >= until) {
      inside = !inside
      until += exponential(inside ? within : between, chance)
    }
    return inside
  }
}

/** How much later a message arrives when some of its packets have to be sent again, all those that were lost at once. */
function resent(bytes: number, share: number, chance: Random): Millis {
  let left = Math.max(1, Math.ceil(bytes / PACKET_BYTES))
  let delay = 0
  for (let round = 0; round < MOST_LOST; round++) {
    if (chance() >= 1 - (1 - share) ** left) {
      return delay
    }
    delay += RETRANSMIT * 2 ** round
    left = Math.max(1, Math.round(left * share))
  }
  return delay
}
