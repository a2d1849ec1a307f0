import { errorFunction } from 'simple-statistics'
import type { Stragglers } from '../../src/advisor/index.ts'
import { stragglersOf } from '../advised.ts'
import type { LateShare } from '../exits.ts'
import type { AdviseCommandOptions } from './advise.ts'
import { UsageError } from './errors.ts'
import type { Latency } from './options.ts'
import { millis } from './quantities.ts'

/** The standard normal's 99th percentile. */
const Z99 = 2.3263478740408408

/**
 * The share of answers that take longer than `ms`, if times are log-normal: with σ = ln(p99/p50)/z₉₉,
 *
 *     P(T > ms) = 1 − Φ(ln(ms/p50)/σ)
 */
export function lateShare({ p50, p99 }: Latency, ms: number): number {
  const z = (Z99 * Math.log(ms / p50)) / Math.log(p99 / p50)
  return (1 - errorFunction(z / Math.SQRT2)) / 2
}

/**
 * Who does not answer in time, as the options say it; and in words where that is put together.
 *
 * @throws {UsageError} they do not say it, or only half of it
 */
export function stragglersAsked({ stragglers, deadline, latency }: AdviseCommandOptions): {
  stragglers: Stragglers
  late: LateShare
  words?: string
} {
  if ((deadline === undefined) !== (latency === undefined)) {
    throw new UsageError('--deadline <time> and --latency <p50,p99> go together: who is late depends on both')
  }
  if (deadline === undefined || latency === undefined) {
    if (stragglers === undefined) {
      throw new UsageError('say who is late: --stragglers <n>, or --deadline <time> with --latency <p50,p99>')
    }
    return { stragglers: stragglersOf(stragglers), late: () => undefined }
  }
  const silent = stragglersOf(stragglers ?? 0)
  if ('count' in silent) {
    throw new UsageError('with --deadline, stragglers are the share of workers that never answer, such as 0.05')
  }
  const late = (deadlines: number): number =>
    silent.share + (1 - silent.share) * lateShare(latency, deadlines * deadline)
  const share = late(1)
  const { p50, p99 } = latency
  const words =
    `late: ${percent(share)} at ${millis(deadline)}, as ${percent(lateShare(latency, deadline))} of answers take longer ` +
    `(log-normal, p50 ${millis(p50)}, p99 ${millis(p99)})${silent.share > 0 ? ` and ${percent(silent.share)} never come` : ''}`
  return { stragglers: { share }, late, words }
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))}%`
}
