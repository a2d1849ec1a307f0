import type { Random } from '../chance/index.ts'
import type { Clock, Millis } from '../inference/index.ts'
import type { Condition } from './condition.ts'
import type { Device } from './device.ts'
import { logNormal } from './distributions.ts'
import type { TaskFault, VirtualProfile } from './virtual-profile.ts'

export interface BehaviourInit {
  device: Device
  clock: Clock
  chance: Random
  /** Run times are those of the device times this. */
  cost: number
  /** What is wrong with it now. */
  conditions: Iterable<Condition>
}

/** One way of a device's network. */
interface Link {
  freeAt: Millis
  lastArrival: Millis
}

/** How a device behaves with all that is wrong with it: how long runs and messages take, and which tasks fail. */
export function behaviour({ device, clock, chance, cost, conditions }: BehaviourInit): VirtualProfile {
  const to: Link = { freeAt: 0, lastArrival: 0 }
  const from: Link = { freeAt: 0, lastArrival: 0 }
  return {
    service() {
      let ms = device.service * cost * logNormal(device.jitter, chance)
      for (const { run } of conditions) {
        ms = run?.(ms) ?? ms
      }
      return ms
    },
    network(bytes, way) {
      const now = clock.now()
      let { bandwidth } = device
      let latency = device.latency * logNormal(device.latencyJitter ?? 0, chance)
      for (const condition of conditions) {
        bandwidth = Math.min(bandwidth, condition.bandwidth?.[way] ?? Infinity)
        latency += condition.delay?.(bytes) ?? 0
      }
      const link = way === 'to' ? to : from
      link.freeAt = Math.max(now, link.freeAt) + (bytes * 8) / (bandwidth * 1000)
      // A stream keeps its order: what comes after a packet that got lost waits for it.
      link.lastArrival = Math.max(link.lastArrival, link.freeAt + latency)
      return link.lastArrival - now
    },
    fault() {
      let found: TaskFault | undefined
      for (const { task } of conditions) {
        // Each is asked, so that what one fault does not change what chance has for the others.
        const struck = task?.()
        found ??= struck
      }
      return found
    },
    clockRate: () => product(conditions, ({ clockRate }) => clockRate),
    lie: () => product(conditions, ({ lie }) => lie)
  }
}

function product(conditions: Iterable<Condition>, factor: (condition: Condition) => number | undefined): number {
  let all = 1
  for (const condition of conditions) {
    all *= factor(condition) ?? 1
  }
  return all
}
