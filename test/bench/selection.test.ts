import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RivalFleet } from '../../scripts/bench/rival-fleet.ts'
import { selectionFigures } from '../../scripts/bench/selection-figures.ts'
import { type Load, POLICIES } from '../../scripts/bench/selection-policies.ts'
import { random } from '../../src/chance/index.ts'
import { scenario, simulate } from '../../src/simulation/index.ts'

const MODEL = 'model'
const WORKERS: Load[] = ['a', 'b', 'c', 'd', 'e', 'f'].map(worker => ({ worker, outstanding: 0 }))

/** How often each worker is among two that are chosen, of a thousand choices at one moment. */
function chosen(name: string, workers: readonly Load[], told: Array<[worker: string, ms: number]> = []) {
  const policy = POLICIES[name](random(1))
  for (const [worker, run] of told) {
    policy.answered?.(worker, { queue: 0, run, network: 0 }, 0)
  }
  const counts = new Map(workers.map(({ worker }) => [worker, 0]))
  for (let i = 0; i < 1000; i++) {
    const pair = policy.choose(workers, 2, 0)
    assert.equal(new Set(pair).size, 2, `${name} chose ${pair.map(({ worker }) => worker)}`)
    for (const { worker } of pair) {
      counts.set(worker, (counts.get(worker) ?? 0) + 1)
      policy.began?.(worker)
    }
  }
  return counts
}

/** All take 10 ms, but a takes 100. */
const A_IS_SLOW = WORKERS.map(({ worker }): [string, number] => [worker, worker === 'a' ? 100 : 10])

describe('the policies that ours is compared with', () => {
  it('share the work evenly while nothing is known', () => {
    for (const name of Object.keys(POLICIES)) {
      for (const [worker, count] of chosen(name, WORKERS)) {
        assert.ok(Math.abs(count - 2000 / 6) < 70, `${name}: ${worker} was chosen ${count} times`)
      }
    }
  })

  it('ask a worker that is slow less often, if they go by times', () => {
    for (const name of ['peak EWMA', 'C3']) {
      const slow = chosen(name, WORKERS, A_IS_SLOW).get('a') ?? 0
      assert.ok(slow < 100, `${name}: the slow one was chosen ${slow} times`)
    }
  })

  it('ask a worker that has much to do less often, if they go by load', () => {
    const busy = WORKERS.map(({ worker }) => ({ worker, outstanding: worker === 'a' ? 5 : 0 }))
    for (const name of ['two choices', 'peak EWMA', 'C3']) {
      const count = chosen(name, busy, name === 'C3' ? WORKERS.map(({ worker }) => [worker, 10]) : []).get('a') ?? 0
      assert.ok(count < 100, `${name}: the busy one was chosen ${count} times`)
    }
  })

  it('come back to a worker that was slow once, after a while', () => {
    const policy = POLICIES['peak EWMA'](random(1))
    for (const [worker, run] of A_IS_SLOW) {
      policy.answered?.(worker, { queue: 0, run, network: 0 }, 0)
    }
    const later = Array.from({ length: 100 }, (_, i) => {
      const pair = policy.choose(WORKERS, 2, 1000 * i)
      for (const { worker } of pair) {
        policy.answered?.(worker, { queue: 0, run: 10, network: 0 }, 1000 * i)
      }
      return pair.some(({ worker }) => worker === 'a')
    })
    assert.ok(later.slice(50).includes(true))
  })
})

describe('a fleet in which another policy chooses', () => {
  it('is told what the master sends, gets back, and gives up', () => {
    const asked: number[][] = []
    const told: string[] = []
    const fleet = new RivalFleet({
      choose: (workers, count) => {
        asked.push(workers.map(({ outstanding }) => outstanding))
        return workers.slice(0, count)
      },
      gaveUp: (worker, afterMs) => told.push(`gave up ${worker} after ${afterMs}`)
    })
    fleet.add('self', [])
    fleet.add('a', [MODEL])
    fleet.add('b', [MODEL])
    fleet.began('a', MODEL, 0)
    fleet.began('b', MODEL, 0)
    fleet.began('b', MODEL, 0)
    assert.deepEqual(fleet.choose(MODEL, { count: 1 }, 1), ['a'])
    fleet.answered('b', MODEL, { queue: 0, run: 2, network: 0 }, { now: 2 })
    fleet.gaveUp('b', MODEL, 7, { now: 7 })
    fleet.choose(MODEL, { count: 1 }, 8)
    fleet.dropped('b', MODEL, 9)
    fleet.failed('a', 9)
    fleet.choose(MODEL, { count: 1 }, 10)
    fleet.remove('a')
    fleet.choose(MODEL, { count: 1 }, 11)
    assert.deepEqual(asked, [[1, 2], [1, 1], [0, 0], [0]])
    assert.deepEqual(told, ['gave up b after 7'])
  })

  it('serves a whole scenario under each policy, with as many tasks but for copies to try workers, and breaks no promise', async () => {
    const steady = scenario({
      name: 'steady',
      title: 'Six machines, one of them slow',
      fleet: [{ name: 'nano', count: 6, device: 'jetson-nano' }],
      workload: { arrivals: 'poisson', rate: 10, batch: 2, length: 3000 },
      model: { name: 'any' },
      deadline: 2000,
      plans: [{ code: 'uncoded', k: 2, n: 2 }],
      faults: [{ kind: 'slow', factor: 8, on: { count: 1 } }]
    })
    const tasks = new Set<number>()
    for (const policy of [...Object.values(POLICIES), undefined]) {
      const fleet = policy && new RivalFleet(policy(random(1)))
      const { groups, queries, violations } = await simulate(steady, steady.plans[0], {
        ...(fleet && { fleet: () => fleet })
      })
      assert.deepEqual(violations, [])
      assert.ok(queries.every(({ status }) => status === 'exact'))
      tasks.add(groups.reduce((sum, group) => sum + group.tasks, 0))
    }
    assert.ok(Math.max(...tasks) <= 1.05 * Math.min(...tasks), `tasks: ${[...tasks]}`)
  })
})

describe('figures of a comparison', () => {
  const run = (p99: number) => ({ p50: 1, p99, answered: 1, tasksPerQuery: 1, wastedRuns: 0 })

  it('set ours against the best of the others, seed by seed', () => {
    const { comparison } = selectionFigures({
      scenario: 'calm',
      runs: { ours: [run(8), run(16), run(80)], C3: [run(10), run(20), run(100)], random: [run(30), run(30), run(300)] }
    })
    assert.equal(comparison.best, 'C3')
    for (const ratio of [comparison.ratio, comparison.low, comparison.high]) {
      assert.ok(Math.abs(ratio - 0.8) < 1e-9, `${ratio}`)
    }
  })
})
