import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fidelity } from '../../../nodes/chaos/fit.ts'
import { exitShares } from '../../../nodes/chaos/plan-companions.ts'
import { RealFleet } from '../../../nodes/chaos/real-fleet.ts'
import { runReal } from '../../../nodes/chaos/run-real.ts'
import { readCompanions } from '../../../nodes/cli/chaos-companions.ts'
import { type OnnxModelUnderTest, onnxUnderTest } from '../../../nodes/cli/chaos-model.ts'
import { SELF } from '../../../src/inference/index.ts'
import { type Fault, type Scenario, type ScenarioPlan, scenario } from '../../../src/simulation/index.ts'
import { digits, lenet5 } from '../cli/processes.ts'

const TWICE: ScenarioPlan = { code: 'replication', k: 2, n: 4 }

/** The same with a student that knows nothing yet. */
const LEARNING: ScenarioPlan = { ...TWICE, student: { profile: 'student.json', service: 2, learns: true } }

/** A model with exits, and what they are worth. */
const convnet = path.join(digits, 'convnet.exits.onnx')
const PROFILE = path.join(digits, 'convnet.exits.json')
const EXITS: ScenarioPlan = { code: 'replication', k: 4, n: 4, exits: { profile: PROFILE } }

const MODELS = [
  { name: 'lenet5', path: lenet5 },
  { name: 'convnet', path: convnet }
]

/** Four machines, asked ten times. */
function small(faults: Fault[]): Scenario {
  return scenario({
    name: 'small',
    title: 'Four processes',
    fleet: [{ name: 'nano', count: 4, device: 'jetson-nano' }],
    workload: { arrivals: 'trace', at: [0], every: 150, batch: 2, length: 1500 },
    model: { name: 'lenet5' },
    deadline: 10_000,
    plans: [TWICE],
    faults
  })
}

const data = { data: path.join(digits, 'test-images.npy'), labels: path.join(digits, 'test-labels.npy') }

describe('a scenario on real processes', () => {
  const { signal } = new AbortController()
  let model: OnnxModelUnderTest
  let fleet: RealFleet

  before(async () => {
    model = await onnxUnderTest({ ...data, model: lenet5 })
    const [{ exits }] = (await readCompanions([EXITS], digits)).values()
    fleet = await RealFleet.start({ scenario: small([]), seed: 1, models: MODELS, exits: exitShares(exits), signal })
  })

  after(async () => {
    const pids = fleet.machines.map(({ pid }) => pid)
    await fleet.stop()
    await model.stop()
    for (const pid of pids) {
      assert.throws(() => pid && process.kill(pid, 0), `process ${pid} is still there`)
    }
  })

  const run = (faults: Fault[]) =>
    runReal(TWICE, { scenario: small(faults), fleet, model, companions: new Map(), seed: 1, signal })

  it('answers every query by the model itself, as long as a student has not learned enough', async () => {
    const companions = await readCompanions([LEARNING], digits)
    const play = { scenario: small([]), fleet, model, companions, seed: 1, signal }
    const { queries, groups, reports, runs, violations } = await runReal(LEARNING, play)
    assert.deepEqual(violations, [])
    assert.equal(queries.length, 20)
    assert.ok(queries.every(({ source, accuracy, studentOn }) => source === 'exact' && accuracy === 1 && !studentOn))
    assert.equal(groups.length, 10)
    assert.ok(
      reports.every(({ tasks }) => tasks.some(({ role, worker }) => role === 'student' && worker === SELF)),
      'the master asks it about every group, to learn'
    )
    assert.ok(runs >= 20, `${runs} runs`)
  })

  it('goes on while machines are killed, frozen, cut off, reset, slow and wrong, and is whole again afterwards', async () => {
    const on = { count: 1 }
    const { queries, violations } = await run([
      { kind: 'crash', at: 300, for: 600, on },
      { kind: 'pause', at: 200, for: 500, on },
      { kind: 'partition', at: 400, for: 300, on },
      { kind: 'reset', at: 700, on },
      { kind: 'slow', at: 100, factor: 5, on },
      { kind: 'wrong', how: 'nan', share: 0.5, on }
    ])
    assert.deepEqual(violations, [])
    assert.equal(queries.length, 20)
    const { queries: afterwards } = await run([])
    assert.ok(afterwards.every(({ status }) => status === 'exact'))
  })

  it('answers with what machines say early that are too slow for the deadline, where the model has exits', async () => {
    const companions = await readCompanions([EXITS], digits)
    const withExits = await onnxUnderTest({ ...data, model: convnet, companions })
    try {
      const slow = {
        ...small([{ kind: 'slow', at: 0, factor: 150 }]),
        workload: { arrivals: 'trace' as const, at: [0], batch: 4, length: 2500 },
        deadline: 1900
      }
      const play = { scenario: slow, fleet, model: withExits, companions, seed: 1, signal }
      const { queries, reports, violations } = await runReal(EXITS, play)
      assert.deepEqual(violations, [])
      assert.deepEqual([...new Set(queries.map(({ status }) => status))], ['reconstructed'])
      assert.ok(reports.every(({ tasks }) => tasks.every(({ earlyAt }) => earlyAt !== undefined)))
    } finally {
      await withExits.stop()
    }
  })

  it('fits the simulator, which then predicts a run in the same words', async () => {
    const { fittedOn, actual, predicted } = await fidelity(TWICE, {
      scenario: small([]),
      fleet,
      model,
      companions: new Map(),
      seed: 3,
      signal
    })
    for (const { p50, p90 } of [fittedOn, actual, predicted]) {
      assert.ok(p50 > 15 && p90 >= p50, `p50 ${p50}, p90 ${p90}: a run takes 20 ms`)
    }
  })

  it('refuses what only the simulator can do', async () => {
    for (const fault of [
      { kind: 'master-crash', down: 10 },
      { kind: 'skew', drift: 0.1 }
    ] satisfies Fault[]) {
      await assert.rejects(
        RealFleet.start({ scenario: small([fault]), seed: 1, signal, models: MODELS }),
        new RegExp(`only the simulator can do '${fault.kind}'`)
      )
    }
  })
})
