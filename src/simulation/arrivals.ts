import type { Random } from '../chance/index.ts'
import type { Millis } from '../inference/index.ts'
import { exponential } from './distributions.ts'
import type { Workload } from './scenario.ts'

export type OpenWorkload = Exclude<Workload, { arrivals: 'closed' }>

/** When batches come that do not wait for the answers to others; ascending, and below the workload's length. */
export function* arrivals(workload: OpenWorkload, chance: Random): Generator<Millis> {
  for (const at of endless(workload, chance)) {
    if (at >= workload.length) {
      return
    }
    yield at
  }
}

function endless(workload: OpenWorkload, chance: Random): Generator<Millis> {
  switch (workload.arrivals) {
    case 'poisson':
      return poisson(() => workload.rate, workload.rate, chance)
    case 'bursts': {
      const { rate, burst, every, lasts } = workload
      return poisson(at => (at % every < lasts ? burst : rate), Math.max(rate, burst), chance)
    }
    case 'trace':
      return repeated(
        workload.at.toSorted((a, b) => a - b),
        workload.every
      )
  }
}

/** A Poisson process whose rate changes: one of the highest rate, thinned (Lewis and Shedler, 1979). */
function* poisson(rate: (at: Millis) => number, highest: number, chance: Random): Generator<Millis> {
  for (let at = 0; ; ) {
    at += exponential(1000 / highest, chance)
    if (chance() * highest < rate(at)) {
      yield at
    }
  }
}

function* repeated(trace: readonly Millis[], every = Infinity): Generator<Millis> {
  for (let from = 0; from < Infinity; from += every) {
    for (const at of trace) {
      yield from + at
    }
  }
}
