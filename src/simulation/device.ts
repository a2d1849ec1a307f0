import type { Millis } from '../inference/index.ts'

/** What a machine is like while nothing is wrong with it. */
export interface Device {
  /** Mean time of a run of a model of cost 1. */
  service: Millis
  /** Spread of the run times: σ of the log-normal factor, whose mean is 1. */
  jitter: number
  /** Time on the network, one way, of an empty message: the mean. */
  latency: Millis
  /** Spread of it: σ of its log-normal factor, whose mean is 1. Default 0. */
  latencyJitter?: number
  /** Mbit/s, each way. */
  bandwidth: number
  /** MB for tasks that wait. */
  memory: number
}

export type DeviceName = 'jetson-orin' | 'jetson-nano' | 'rpi4' | 'laptop' | 'phone'

/**
 * Devices to write scenarios with. Round figures for a small image classifier, none of them measured: what a scenario shows is how plans
 * compare on such a fleet, not how fast a device is. A scenario can give its own.
 */
export const DEVICES: Readonly<Record<DeviceName, Device>> = {
  'jetson-orin': { service: 5, jitter: 0.1, latency: 0.5, bandwidth: 900, memory: 1024 },
  'jetson-nano': { service: 20, jitter: 0.15, latency: 0.5, bandwidth: 900, memory: 256 },
  rpi4: { service: 50, jitter: 0.15, latency: 0.5, bandwidth: 300, memory: 256 },
  laptop: { service: 12, jitter: 0.2, latency: 2, bandwidth: 200, memory: 512 },
  phone: { service: 30, jitter: 0.35, latency: 4, bandwidth: 60, memory: 128 }
}
