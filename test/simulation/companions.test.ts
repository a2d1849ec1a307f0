import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { parseProfile } from '../../src/codes/index.ts'
import {
  type CompanionFigures,
  type Fault,
  type RunRecord,
  type Scenario,
  type ScenarioPlan,
  scenario,
  simulate,
  timedModel
} from '../../src/simulation/index.ts'

const profile = parseProfile(
  readFileSync(new URL('../../scripts/chaos/scenarios/lenet5.profile.json', import.meta.url), 'utf8')
)
const { accuracy = 0 } = profile

const TWICE: ScenarioPlan = { code: 'replication', k: 2, n: 4, stragglers: 2 }
const STUDENT = { agreements: [0.5, 1], error: 1 }
const PARITY = { missing: [{ error: 1, agreement: { mean: 0.9 } }], encoded: false }

/** Machines that take exactly 10 ms, 1 ms away each way, asked for two queries every 100 ms for so long. */
function steady(plan: ScenarioPlan, faults: Fault[], length: number): Scenario {
  return scenario({
    name: 'steady',
    title: 'Ten milliseconds, whatever comes',
    fleet: [
      { name: 'box', count: plan.n, device: 'laptop', service: 10, jitter: 0, latency: 1, bandwidth: 1e9 },
      { name: 'spare', count: 4, device: 'laptop', service: 10, jitter: 0, latency: 1, bandwidth: 1e9 }
    ],
    workload: { arrivals: 'trace', at: [0], every: 100, length, batch: 2 },
    model: { name: 'any' },
    deadline: 90,
    plans: [plan],
    faults
  })
}

async function run(
  plan: ScenarioPlan,
  { figures, faults = [], length = 2000 }: { figures: CompanionFigures; faults?: Fault[]; length?: number }
): Promise<RunRecord> {
  const asked = steady(plan, faults, length)
  const model = timedModel(asked.model, { profile, companions: new Map([[plan, figures]]) })
  const record = await simulate(asked, plan, { model })
  assert.deepEqual(record.violations, [])
  return record
}

/** How likely right the predictions are that are not the model's own. */
function worth({ queries }: RunRecord): Set<number | undefined> {
  return new Set(queries.filter(({ status }) => status === 'reconstructed').map(({ accuracy }) => accuracy))
}

const stalls: Fault = { kind: 'stall', share: 0.3 }

describe('companions in a simulated fleet', () => {
  it('let a student of the master answer when no machine does, as often right as its profile says', async () => {
    const plan = { ...TWICE, student: { profile: 'student.json', service: 5 } }
    const record = await run(plan, { figures: { student: STUDENT }, faults: [{ kind: 'stall' }] })
    assert.ok(record.queries.every(({ status }) => status === 'reconstructed'))
    assert.deepEqual(worth(record), new Set([0.5 * accuracy, accuracy]))
    assert.ok(
      record.groups.every(({ tasks, bytes }) => bytes === tasks * 4096 && tasks <= 5),
      'what the master runs is not sent'
    )
  })

  it('let a student that learns answer only once it was judged', async () => {
    const plan = { ...TWICE, student: { profile: 'student.json', service: 5, learns: true as const } }
    const { queries } = await run(plan, {
      figures: { student: STUDENT },
      faults: [
        { kind: 'stall', at: 40_000, for: 1000 },
        { kind: 'stall', at: 1000, for: 1000 }
      ],
      length: 41_000
    })
    const during = (from: number) => queries.filter(({ askedAt }) => askedAt > from + 100 && askedAt < from + 900)
    assert.ok(
      during(1000).every(({ status }) => status === 'failed'),
      'it knows nothing yet'
    )
    assert.ok(
      during(40_000).every(({ status }) => status === 'reconstructed'),
      'it learned of 600 queries'
    )
  })

  it('let machines describe several queries in one run', async () => {
    const plan = { ...TWICE, n: 3, stragglers: 1, description: { profile: 'mosaic.json' } }
    const figures = { description: { agreement: 0.8, error: 1, together: 4 } }
    const record = await run(plan, { figures, faults: [stalls], length: 20_000 })
    assert.deepEqual(worth(record), new Set([0.8 * accuracy]))
  })

  it('let a parity model make up for a machine that does not answer', async () => {
    const plan: ScenarioPlan = { code: 'parm', k: 2, n: 3, parity: { profile: 'parity.json' } }
    const rarely = { ...stalls, share: 0.1 }
    const record = await run(plan, { figures: { parity: PARITY }, faults: [rarely], length: 20_000 })
    assert.deepEqual(worth(record), new Set([0.9 * accuracy]))
    const fast = record.queries.filter(({ askedAt, endedAt }) => endedAt - askedAt < 13)
    assert.ok(
      fast.length > 0.9 * record.queries.length,
      `${fast.length} of ${record.queries.length} in 12 ms: all but those of groups with two that stall`
    )
  })

  it('are worth as much to single queries that share a group', async () => {
    const plan: ScenarioPlan = { code: 'parm', k: 2, n: 3, parity: { profile: 'parity.json' } }
    const asked = steady(plan, [stalls], 20_000)
    const singles: Scenario = { ...asked, workload: { arrivals: 'trace', at: [0, 1], every: 100, length: 20_000 } }
    const model = timedModel(asked.model, { profile, companions: new Map([[plan, { parity: PARITY }]]) })
    const record = await simulate(singles, plan, { model })
    assert.deepEqual(record.violations, [])
    assert.deepEqual(worth(record), new Set([0.9 * accuracy]))
  })

  it('wait for the encoder that makes a parity query at the master', async () => {
    const plan: ScenarioPlan = { code: 'parm', k: 2, n: 3, parity: { profile: 'encoder.json', service: 7 } }
    const record = await run(plan, {
      figures: { parity: { ...PARITY, encoded: true } },
      faults: [{ kind: 'slow', factor: 5, on: { count: 1 } }]
    })
    const late = record.queries.filter(({ status }) => status === 'reconstructed')
    assert.deepEqual(new Set(late.map(({ askedAt, endedAt }) => Math.round(endedAt - askedAt))), new Set([19]))
  })

  it('are not in timing mode what nobody measured', async () => {
    const plan: ScenarioPlan = { code: 'parm', k: 2, n: 3, parity: { profile: 'parity.json' } }
    const asked = steady(plan, [stalls], 20_000)
    const { queries } = await simulate(asked, plan, { model: timedModel(asked.model, { profile }) })
    assert.deepEqual(worth({ queries, groups: [], runs: 0, violations: [] }), new Set([undefined]))
  })
})
