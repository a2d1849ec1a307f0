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

  it('has the groups of a batch run side by side, where there are machines for all of them', async () => {
    const calm = steady([], 8)
    const batches = { ...calm, workload: { ...calm.workload, batch: 8 } }
    const { queries } = await simulate(batches, { code: 'uncoded', k: 2, n: 2 })
    const warm = queries.filter(({ askedAt }) => askedAt >= 1000)
    assert.deepEqual(new Set(warm.map(({ askedAt, endedAt }) => Math.round(endedAt - askedAt))), new Set([12]))
  })

  it('has links whose times are random about their mean, where a scenario says so', async () => {
    const still = steady([])
    const wandering = { ...still, fleet: still.fleet.map(group => ({ ...group, latency: 10, latencyJitter: 0.5 })) }
    const all = latencies(await simulate(wandering, UNCODED), 0, 2000)
    const mean = all.reduce((sum, ms) => sum + ms, 0) / all.length
    assert.ok(new Set(all).size > 5 && Math.abs(mean - 30) < 6, `20 times of mean 30 and deviation 7.5: ${all}`)
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

  it('is slow by chance: an exponential or a Pareto time more, in some runs, in some stretches', async () => {
    const exponential = latencies(await run([{ kind: 'slow-exponential', add: 5, mean: 10 }]), 0, 2000)
    assert.ok(Math.min(...exponential) >= 17 && new Set(exponential).size > 5, `latencies: ${exponential}`)
    const pareto = latencies(await run([{ kind: 'slow-pareto', scale: 4, shape: 1.5 }]), 0, 2000)
    assert.ok(Math.min(...pareto) >= 16 && Math.max(...pareto) > 24, `latencies: ${pareto}`)
    for (const fault of [
      { kind: 'slow-bimodal', factor: 3, share: 0.5 },
      { kind: 'slow-episodes', factor: 3, fast: 200, slow: 200 }
    ] satisfies Fault[]) {
      assert.deepEqual(new Set(latencies(await run([fault]), 0, 2000)), new Set([12, 32]), fault.kind)
    }
  })

  it('is slow together with the others where a fault says so, so that a second copy is of no use', async () => {
    const together: Fault = { kind: 'slow-episodes', factor: 3, fast: 200, slow: 200, together: true }
    const [alone, twice] = [await run([together]), await run([together], TWICE)]
    assert.deepEqual(latencies(twice, 0, 2000), latencies(alone, 0, 2000))
  })

  it('has a slow link, or one from which results trickle', async () => {
    // 4096 bytes there, 40 back.
    const slow = latencies(await run([{ kind: 'bandwidth', limit: 1, ...during }]), 500, 1500)
    assert.deepEqual(new Set(slow), new Set([12 + 33]))
    const drip = latencies(await run([{ kind: 'drip', rate: 1000, ...during }]), 500, 1500)
    assert.deepEqual(new Set(drip), new Set([12 + 40]))
  })

  it('loses packets, which come too late when they are sent again', async () => {
    const record = await run([{ kind: 'loss', share: 0.5, ...during }])
    assert.ok(failed(record) > 0, 'three packets, each lost every other time')
    assert.deepEqual(new Set(latencies(record, 0, 500)), new Set([12]))
  })

  it('fails runs, which another machine then does', async () => {
    assert.equal(failed(await run([{ kind: 'fail', ...during }])), 10)
    assert.equal(failed(await run([{ kind: 'fail', ...during, on: { count: 1 } }], UNCODED, 2)), 0)
  })

  it('gains nothing by a lie about how long its runs take', async () => {
    const faults: Fault[] = [{ kind: 'slow', factor: 3, on: { count: 1 } }]
    const lying: Fault[] = [...faults, { kind: 'lie', factor: 0.01, on: { share: 1 } }]
    assert.deepEqual(await run(lying, UNCODED, 2), await run(faults, UNCODED, 2))
  })

  it('answers as before while its clock goes wrong', async () => {
    for (const drift of [-0.5, 0.5]) {
      assert.deepEqual(new Set(latencies(await run([{ kind: 'skew', drift }]), 0, 2000)), new Set([12]))
    }
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

  it('tells a dead master nothing of a run that a machine ends before it stops', async () => {
    const record = await run([
      { kind: 'restart', at: 505, down: 100 },
      { kind: 'master-crash', at: 507, down: 10 }
    ])
    assert.equal(failed(record), 1, 'the one in progress')
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
