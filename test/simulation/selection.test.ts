import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type DriveInit, drive, SELF, type WorkerId } from '../../src/inference/index.ts'
import {
  type Fault,
  type RunRecord,
  type Scenario,
  type ScenarioPlan,
  scenario,
  simulate
} from '../../src/simulation/index.ts'

/** A task that a master sent, and when its result came, in time or not at all. */
interface Sent {
  worker: WorkerId
  at: number
  answeredAt: number
}

const SEEDS = [1, 2, 3]
const UNCODED: ScenarioPlan = { code: 'uncoded', k: 4, n: 4 }
const CODED: ScenarioPlan = { code: 'nercc', layout: 'systematic', k: 4, n: 6, stragglers: 1 }

/** Machines that take 10 ms give or take a tenth, asked for a group of four twenty-five times a second. */
function asked(machines: number, length: number, faults: Fault[]): Scenario {
  return scenario({
    name: 'asked',
    title: 'One machine among others',
    fleet: [{ name: 'box', count: machines, device: 'laptop', service: 10, jitter: 0.1, latency: 1 }],
    workload: { arrivals: 'poisson', rate: 25, batch: 4, length },
    model: { name: 'any' },
    deadline: 250,
    plans: [UNCODED],
    faults
  })
}

/** Runs a scenario and keeps what was sent to whom. */
async function watched(asked: Scenario, plan: ScenarioPlan, seed: number): Promise<RunRecord & { sent: Sent[] }> {
  const sent: Sent[] = []
  const record = await simulate(asked, plan, { seed, master: init => drive(watching(init, sent)) })
  assert.deepEqual(record.violations, [])
  return { ...record, sent }
}

function watching(init: DriveInit, sent: Sent[]): DriveInit {
  const { clock, channel } = init
  return {
    ...init,
    channel(worker) {
      const found = channel(worker)
      return (
        found && {
          worker,
          submit(task, callbacks) {
            const one = { worker, at: clock.now(), answeredAt: Infinity }
            if (worker !== SELF) sent.push(one)
            return found.submit(task, {
              accepted: () => callbacks.accepted(),
              result(result) {
                one.answeredAt = clock.now()
                callbacks.result(result)
              },
              failed: error => callbacks.failed(error)
            })
          }
        }
      )
    }
  }
}

/** Tasks in a second of a stretch of time. */
function rate(sent: readonly Sent[], from: number, to: number): number {
  const between = sent.filter(({ at }) => at >= from && at < to)
  return (1000 * between.length) / (to - from)
}

/** A machine that is avoided gets no more than copies of tasks, to see what became of it: two in a second. */
const TRIED = 2.1

describe('a master that chooses workers', () => {
  for (const [machines, plan] of [
    [12, UNCODED],
    [12, CODED],
    [100, CODED]
  ] as const) {
    it(`leaves one of ${machines} that becomes ten times slower, and takes it back: ${plan.code}`, async () => {
      const [begins, ends, length] = [10_000, 16_000, 36_000]
      const slow: Fault = { kind: 'slow', factor: 10, at: begins, for: ends - begins, on: { machines: 'bad' } }
      const calm = asked(machines - 1, length, [])
      const [box] = calm.fleet
      const faulty = { ...calm, fleet: [box, { ...box, name: 'bad', count: 1 }], faults: [slow] }
      for (const seed of SEEDS) {
        const { sent } = await watched(faulty, plan, seed)
        const own = sent.filter(({ worker }) => worker === 'bad-1')
        const results = own.filter(({ at, answeredAt }) => at > begins && answeredAt < ends)
        const left = Math.min(begins + 1000, results[9]?.answeredAt ?? Infinity)
        const avoided = rate(own, left, ends)
        assert.ok(avoided <= TRIED, `seed ${seed}: ${avoided} tasks a second ${left - begins} ms after it became slow`)
        const before = rate(own, begins - 5000, begins)
        const again = rate(own, ends + 10_000, length)
        assert.ok(again > before / 2, `seed ${seed}: ${before} tasks a second before, ${again} after its recovery`)
      }
    })
  }

  for (const plan of [UNCODED, CODED]) {
    it(`loses at most two groups to a machine that stalls silently: ${plan.code}`, async () => {
      const stalls: Fault = { kind: 'stall', at: 5000, for: 10_000, on: { count: 1 } }
      for (const seed of SEEDS) {
        const { groups, queries } = await watched(asked(12, 16_000, [stalls]), plan, seed)
        const lost = new Set(
          queries.filter(({ askedAt, endedAt }) => endedAt - askedAt > 200).map(({ askedAt }) => askedAt)
        )
        assert.ok(lost.size <= 2, `seed ${seed}: ${lost.size} of ${groups.length} groups`)
      }
    })
  }
})
