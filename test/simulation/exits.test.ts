import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Scenario, scenario, simulate, timedModel } from '../../src/simulation/index.ts'

/** Four machines, of which one takes `factor` times as long as the others, 100 ms, and is asked for a query of its own. */
function slow(factor: number, exits: boolean): Scenario {
  return scenario({
    name: 'slow',
    title: 'One machine is slow',
    fleet: [{ name: 'board', count: 4, device: 'jetson-nano', service: 100, jitter: 0, latency: 1 }],
    workload: { arrivals: 'trace', at: [0], batch: 4, length: 1000 },
    model: { name: 'any' },
    deadline: 300,
    plans: [{ code: 'replication', k: 4, n: 4, stragglers: 0, ...(exits && { exits: { profile: 'any.json' } }) }],
    faults: [{ kind: 'slow', factor, at: 0, on: { count: 1 } }]
  })
}

/** How the four queries ended, with an exit after a fifth of the work. */
async function statuses(factor: number, exits = true): Promise<string[]> {
  const played = slow(factor, exits)
  const [plan] = played.plans
  const figures = { exits: [{ output: 'exit', at: 0.2, agreements: [0.8], error: 1 }] }
  const model = timedModel(played.model, { companions: new Map([[plan, figures]]) })
  const { queries, violations } = await simulate(played, plan, { model })
  assert.deepEqual(violations, [])
  return queries.map(({ status }) => status).sort()
}

describe('a machine that is too slow for the deadline', () => {
  it('has done enough by then for its exit to speak, if it is four times as slow', async () => {
    assert.deepEqual(await statuses(4), ['exact', 'exact', 'exact', 'reconstructed'])
  })

  it('has not, if it is twenty times as slow', async () => {
    assert.deepEqual(await statuses(20), ['exact', 'exact', 'exact', 'failed'])
  })

  it('says nothing where the plan has no exits', async () => {
    assert.deepEqual(await statuses(4, false), ['exact', 'exact', 'exact', 'failed'])
  })
})
