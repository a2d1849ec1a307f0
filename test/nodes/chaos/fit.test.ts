import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fit } from '../../../nodes/chaos/fit.ts'
import { random } from '../../../src/chance/index.ts'
import type { GroupReport } from '../../../src/inference/index.ts'
import { type BehaviourInit, behaviour, scenario } from '../../../src/simulation/index.ts'

const MACHINE = { name: 'nano', count: 1, device: 'jetson-nano' } as const

const still = scenario({
  name: 'still',
  title: 'Nothing goes wrong',
  fleet: [MACHINE],
  workload: { arrivals: 'poisson', rate: 1, length: 1000 },
  model: { name: 'any', cost: 2 },
  deadline: 100,
  plans: [{ code: 'uncoded', k: 1, n: 1 }]
})

/** What a master and its one machine, behaving like that, saw of so many tasks, a tenth of a second apart. */
function seen(
  device: BehaviourInit['device'],
  count: number
): { reports: GroupReport[]; runTimes: Map<string, number[]> } {
  let now = 0
  const clock = { now: () => now, setTimer: () => () => {} }
  const { service, network } = behaviour({ device, clock, chance: random(1), cost: 2, conditions: [] })
  const runs: number[] = []
  const reports = Array.from({ length: count }, (_, group): GroupReport => {
    now += 100
    const [run, there, back] = [service(), network(0, 'to'), network(0, 'from')]
    runs.push(run)
    const endedAt = now + there + run + back
    // The master stops waiting for the slower half.
    const waited = run < 100 ? { timings: { queue: 0, run, network: there + back } } : undefined
    const status = waited ? 'result' : 'cancelled'
    const task = { index: 0, role: 'query', queries: [0], worker: 'peer', bytes: 0, submittedAt: now, endedAt } as const
    const common = { code: 'uncoded', k: 1, n: 1, model: 'any', startedAt: now, deadlineAt: now + 100, endedAt }
    return { ...common, group, stop: 'exact', survivors: [0], tasks: [{ ...task, status, ...waited }] }
  })
  return { reports, runTimes: new Map([['nano', runs]]) }
}

describe('the fit of a simulated fleet to a real run', () => {
  it('gives the machines back that the run was of, though nobody waited for their slow runs', () => {
    const device = { service: 50, jitter: 0.3, latency: 4, latencyJitter: 0.4, bandwidth: 1e9, memory: 100 }
    const fitted = fit(still, { machines: [{ peer: 'peer', machines: 'nano' }] }, seen(device, 4000))
    const [{ service = 0, jitter = 0, latency = 0, latencyJitter = 0 }] = fitted.fleet
    assert.ok(Math.abs(service - 50) < 1.5, `service ${service}`)
    assert.ok(Math.abs(jitter - 0.3) < 0.02, `jitter ${jitter}`)
    assert.ok(Math.abs(latency - 4) < 0.2, `latency ${latency}`)
    assert.ok(Math.abs(latencyJitter - 0.4) < 0.05, `latencyJitter ${latencyJitter}`)
  })

  it('leaves machines as they are of which nothing was seen', () => {
    const fitted = fit(still, { machines: [] }, { reports: [], runTimes: new Map() })
    assert.deepEqual(fitted.fleet, [MACHINE])
  })
})
