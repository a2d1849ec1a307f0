import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type Fault,
  type RunRecord,
  randomScenario,
  type Scenario,
  type ScenarioPlan,
  scenario,
  simulate
} from '../../src/simulation/index.ts'

const UNCODED: ScenarioPlan = { code: 'uncoded', k: 1, n: 1 }
const TWICE: ScenarioPlan = { code: 'replication', k: 1, n: 2 }

/** A machine or more that take exactly 10 ms, 1 ms away each way, asked every 100 ms for two seconds. */
function steady(faults: Fault[], count = 1): Scenario {
  return scenario({
    name: 'steady',
    title: 'Ten milliseconds, whatever comes',
    fleet: [{ name: 'box', count, device: 'laptop', service: 10, jitter: 0, latency: 1, bandwidth: 1e9 }],
    workload: { arrivals: 'trace', at: [0], every: 100, length: 2000 },
    model: { name: 'any' },
    deadline: 90,
    plans: [UNCODED],
    faults
  })
}

async function run(faults: Fault[], plan = UNCODED, count = plan.n): Promise<RunRecord> {
  const record = await simulate(steady(faults, count), plan)
  assert.deepEqual(record.violations, [])
  return record
}

/** Latencies of the queries that were asked in a stretch of time, rounded. */
function latencies({ queries }: RunRecord, from: number, to: number): number[] {
  return queries
    .filter(({ askedAt }) => askedAt >= from && askedAt < to)
    .map(({ askedAt, endedAt }) => Math.round(endedAt - askedAt))
}

function failed({ queries }: RunRecord): number {
  return queries.filter(({ status }) => status === 'failed').length
}

const during = { at: 500, for: 1000 }

describe('a simulated fleet', () => {
  it('takes the time of the run, of the way there and of the way back', async () => {
    const all = latencies(await run([]), 0, 2000)
    assert.deepEqual(new Set(all), new Set([12]))
  })

  it('is slow while a fault lasts, and as before when it is over', async () => {
    const record = await run([{ kind: 'slow', factor: 3, add: 5, ...during }])
    assert.deepEqual(new Set(latencies(record, 500, 1500)), new Set([37]))
    assert.deepEqual(new Set([...latencies(record, 0, 500), ...latencies(record, 1500, 2000)]), new Set([12]))
  })

  it('gets slower as it gets hot', async () => {
    const all = latencies(await run([{ kind: 'slow-thermal', factor: 5, rise: 1500 }]), 0, 1500)
    assert.deepEqual(
      all,
      all.toSorted((a, b) => a - b)
    )
    assert.ok(all[0] < 15 && (all.at(-1) ?? 0) > 45, `latencies: ${all}`)
  })

  it('answers nothing while it stalls, is frozen, or is cut off, and everything afterwards', async () => {
    for (const kind of ['stall', 'pause', 'partition'] as const) {
      const record = await run([{ kind, ...during }])
      assert.equal(failed(record), 10, kind)
      assert.deepEqual(new Set(latencies(record, 1600, 2000)), new Set([12]), kind)
    }
  })

  it('does without a machine that was killed, left or is restarted, when there is another', async () => {
    const on = { count: 1 }
    for (const fault of [
      { kind: 'crash', ...during, on },
      { kind: 'leave', ...during, on },
      { kind: 'restart', at: 500, down: 1000, on },
      { kind: 'reset', at: 500, again: 100, on },
      { kind: 'churn', every: 100, away: 100, on }
    ] satisfies Fault[]) {
      assert.equal(failed(await run([fault], UNCODED, 2)), 0, fault.kind)
    }
  })

  it('has no machine before it joins', async () => {
    const record = await run([{ kind: 'join', at: 1000 }])
    assert.equal(failed(record), 10)
    assert.deepEqual(new Set(latencies(record, 1000, 2000)), new Set([12]))
  })

  it('never has two machines away in a rolling upgrade', async () => {
    assert.equal(failed(await run([{ kind: 'rolling-upgrade', down: 300 }], UNCODED, 3)), 0)
  })

  it('loses what a master had been asked when it dies, and goes on with the next', async () => {
    const record = await run([{ kind: 'master-crash', at: 505, down: 150 }])
    assert.equal(failed(record), 2, 'the one in progress, and the one that found nobody')
    assert.deepEqual(new Set(latencies(record, 700, 2000)), new Set([12]))
  })

  it('gives wrong results, which a reconstructed prediction stands as far as the bound goes', async () => {
    for (const how of ['noise', 'rolled', 'stale', 'nan', 'truncated', 'duplicate', 'foreign'] as const) {
      const plan: ScenarioPlan = { code: 'bacc', k: 4, n: 12 }
      const { violations } = await simulate(
        {
          ...steady([{ kind: 'wrong', how, on: { count: 3 } }], 12),
          workload: { arrivals: 'closed', clients: 2, batch: 4, length: 500 }
        },
        plan
      )
      assert.deepEqual(violations, [], how)
    }
  })

  it('counts a prediction from a wrong result as wrong', async () => {
    const { queries } = await run([{ kind: 'wrong', how: 'rolled' }])
    assert.ok(queries.every(({ status, accuracy }) => status === 'exact' && accuracy === 0))
  })

  it('counts every run of a worker, used or not', async () => {
    const { runs, groups } = await run([{ kind: 'slow', factor: 2, on: { count: 1 } }], TWICE)
    assert.equal(runs, 40)
    assert.equal(
      groups.reduce((sum, { used }) => sum + used, 0),
      20
    )
  })

  it('repeats itself, and is another with another seed', async () => {
    const scenario = randomScenario(11)
    const [first, again, other] = await Promise.all(
      [11, 11, 12].map(async seed => JSON.stringify(await simulate(scenario, scenario.plans[0], { seed })))
    )
    assert.equal(again, first)
    assert.notEqual(other, first)
  })

  it('keeps every promise in random scenarios with every kind of fault', async () => {
    const kinds = new Set<string>()
    for (let seed = 1; seed <= 50; seed++) {
      const scenario = randomScenario(seed)
      const { violations } = await simulate(scenario, scenario.plans[0])
      assert.deepEqual(violations, [], `splinemesh chaos replay ${seed}`)
      for (const { kind } of scenario.faults ?? []) {
        kinds.add(kind)
      }
    }
    assert.equal(kinds.size, 24, `faults seen: ${[...kinds]}`)
  })
})
