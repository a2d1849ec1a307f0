import type { Random } from '../../src/chance/index.ts'
import { shuffled } from '../../src/chance/index.ts'
import type { WorkerId } from '../../src/fleet/index.ts'
import type { TaskTimings } from '../../src/inference/index.ts'

/** A worker, and the tasks that it was sent and is not known to have ended. */
export interface Load {
  readonly worker: WorkerId
  outstanding: number
}

/** Who is asked next, and what that is decided by. Times are in ms. */
export interface Policy {
  /** So many of the workers, best first. */
  choose(workers: readonly Load[], count: number, now: number): Load[]
  /** A task went to a worker. */
  began?(worker: WorkerId): void
  /** A worker answered, in time or too late. */
  answered?(worker: WorkerId, timings: TaskTimings, now: number): void
  /** An answer is waited for no longer, after so long. */
  gaveUp?(worker: WorkerId, afterMs: number, now: number): void
}

/** What peers are chosen by elsewhere, each as its authors have it, and set as they set it. */
export const POLICIES: Readonly<Record<string, (chance: Random) => Policy>> = {
  random: chance => ({ choose: (workers, count) => shuffled(workers, chance).slice(0, count) }),
  'round-robin': roundRobin,
  'two choices': chance => ({ choose: twoChoices(chance, ({ outstanding }) => outstanding) }),
  'peak EWMA': peakEwma,
  C3: c3
}

/** Whoever was asked longest ago. */
function roundRobin(): Policy {
  const turns = new Map<WorkerId, number>()
  let turn = 0
  return {
    choose: (workers, count) =>
      workers.toSorted((a, b) => (turns.get(a.worker) ?? 0) - (turns.get(b.worker) ?? 0)).slice(0, count),
    began: worker => turns.set(worker, ++turn)
  }
}

/** The better one of two drawn by chance, again and again among those that are left (Mitzenmacher, 2001). */
function twoChoices(chance: Random, loadOf: (worker: Load, now: number) => number): Policy['choose'] {
  return (workers, count, now) => {
    const left = shuffled(workers, chance)
    return Array.from({ length: Math.min(count, left.length) }, () => {
      const last = left.length - 1
      const other = Math.floor(last * chance())
      const better = last > 0 && loadOf(left[other], now) < loadOf(left[last], now) ? other : last
      const [chosen] = left.splice(better, 1)
      // The other one of the pair is no better for having lost: it is drawn anew.
      left.push(...left.splice(Math.floor(left.length * chance()), 1))
      return chosen
    })
  }
}

/** Half-life-like constant of the average, and the time of a worker that was never measured: those of Linkerd. */
const DECAY = 10_000
const UNMEASURED = 30

/**
 * The better one of two by (moving average of its times) × (tasks it has + 1), where a longer time counts at once and a shorter one little
 * by little; with time every average falls, so that each worker is tried again.
 *
 * Source: Finagle's and Linkerd's balancers. A task that is given up counts with the time until then, as it does there.
 */
function peakEwma(chance: Random): Policy {
  const averages = new Map<WorkerId, { ms: number; at: number }>()
  const observe = (worker: WorkerId, ms: number, now: number): number => {
    const before = averages.get(worker) ?? { ms: UNMEASURED, at: now }
    const kept = Math.exp((before.at - now) / DECAY)
    const after = ms > before.ms ? ms : before.ms * kept + ms * (1 - kept)
    averages.set(worker, { ms: after, at: now })
    return after
  }
  return {
    choose: twoChoices(chance, ({ worker, outstanding }, now) => observe(worker, 0, now) * (outstanding + 1)),
    answered: (worker, { queue, run, network }, now) => observe(worker, queue + run + network, now),
    gaveUp: observe
  }
}

/** Weight of the newest in the moving averages, as in C3's own code. */
const NEWEST = 0.9
/** Cassandra asks all replicas now and then (read repair), from which C3 learns of those that it avoids; here one place in twenty. */
const PROBED = 0.05

/**
 * The least Ψ = R − 1/μ + q̂³/μ, where R is the average time to the answer, 1/μ that of a run, and q̂ = 1 + outstanding + (average queue).
 * Its rate control is left out: one master has nobody to share a rate with. The queue that a task found is the time that it
 * waited over that of its run.
 *
 * Source: Suresh, Canini, Schmid and Feldmann, "C3: Cutting Tail Latency in Cloud Data Stores via Adaptive Replica Selection", NSDI 2015.
 */
function c3(chance: Random): Policy {
  const averages = new Map<WorkerId, { response: number; service: number; queue: number }>()
  const score = ({ worker, outstanding }: Load): number => {
    const { response, service, queue } = averages.get(worker) ?? { response: 0, service: 0, queue: 0 }
    return response - service + (1 + outstanding + queue) ** 3 * service
  }
  return {
    choose(workers, count) {
      // Shuffled first, so that equals take turns.
      const ranked = shuffled(workers, chance).sort((a, b) => score(a) - score(b))
      const chosen = ranked.slice(0, count)
      const rest = ranked.slice(count)
      if (rest.length > 0 && chance() < PROBED * count) {
        chosen[chosen.length - 1] = rest[Math.floor(rest.length * chance())]
      }
      return chosen
    },
    answered(worker, { queue, run, network }) {
      const measured = { response: queue + run + network, service: run, queue: queue / Math.max(run, 1e-3) }
      const { response, service, queue: length } = averages.get(worker) ?? measured
      const mixed = (newest: number, before: number): number => NEWEST * newest + (1 - NEWEST) * before
      averages.set(worker, {
        response: mixed(measured.response, response),
        service: mixed(measured.service, service),
        queue: mixed(measured.queue, length)
      })
    }
  }
}
