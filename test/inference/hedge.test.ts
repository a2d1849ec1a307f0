import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Fleet } from '../../src/fleet/index.ts'
import { type Effect, type Hedge, InvalidPlanError, Master } from '../../src/inference/index.ts'
import { query, run } from './mesh.ts'
import { master, of, spec, timings } from './stepping.ts'

const result = { outputs: run({ x: query(0) }), timings }

/** One group of `k` queries, uncoded, and the timers at which its tasks are late. */
function ask(it: Master, hedge: Hedge, k = 2) {
  const plan = spec('uncoded', { k, n: k, hedge })
  const queries = Array.from({ length: k }, (_, i) => ({ x: query(i) }))
  const begun = it.step({ type: 'batch', call: 1, queries, spec: plan, concurrency: 1 }, 0)
  return { sent: of('submit', begun), late: of('arm', begun).filter(({ at }) => at < plan.deadline) }
}

function fire(it: Master, { timer, at }: { timer: number; at: number }): Effect[] {
  return it.step({ type: 'timer', timer }, at)
}

describe('a hedged task', () => {
  it('goes to a second worker when it is late, not before and not when its result is in', () => {
    const it = master()
    const { sent, late } = ask(it, { after: 30, budget: 1 })
    assert.deepEqual(
      late.map(({ at }) => at),
      [30, 30]
    )
    it.step({ type: 'result', task: sent[0].id, result }, 10)
    assert.deepEqual(fire(it, late[0]), [])
    const [copy] = of('submit', fire(it, late[1]))
    assert.deepEqual(copy.task.inputs, sent[1].task.inputs)
    assert.notEqual(copy.worker, sent[1].worker)
  })

  it('counts with whichever result comes first; the other copy is cancelled', () => {
    for (const first of ['original', 'copy'] as const) {
      const it = master()
      const { sent, late } = ask(it, { after: 30, budget: 1 }, 1)
      const [copy] = of('submit', fire(it, late[0]))
      const [winner, loser] = first === 'original' ? [sent[0].id, copy.id] : [copy.id, sent[0].id]
      const effects = it.step({ type: 'result', task: winner, result }, 40)
      assert.deepEqual(
        of('cancel', effects).map(({ id }) => id),
        [loser]
      )
      const [{ answer }] = of('answer', effects)
      assert.deepEqual([answer.report.stop, answer.report.survivors], ['exact', [0]])
      assert.equal(it.held, 0)
    }
  })

  it('still has its other copy when one fails or gives what cannot be used', () => {
    const it = master()
    const { sent, late } = ask(it, { after: 30, budget: 1 }, 1)
    const [copy] = of('submit', fire(it, late[0]))
    const useless = { outputs: {}, timings }
    assert.deepEqual(it.step({ type: 'result', task: sent[0].id, result: useless }, 40), [])
    const [again] = of('submit', it.step({ type: 'failed', task: copy.id, error: new Error('gone') }, 41))
    assert.equal(again, undefined, 'two workers failed: that is as often as any task is tried')
  })

  it('costs no more copies than its budget allows', () => {
    const it = master(20)
    const { late } = ask(it, { after: 30, budget: 0.1 }, 10)
    const copies = late.flatMap(timer => of('submit', fire(it, timer)))
    assert.equal(copies.length, 2, 'one to begin with, and one for the ten tasks')
  })

  it('is late by what its worker usually takes', () => {
    const fleet = new Fleet()
    for (const [worker, ms] of [
      ['fast', 10],
      ['slow', 50]
    ] as const) {
      fleet.add(worker, ['double'])
      for (let i = 1; i <= 20; i++) {
        fleet.began(worker, 'double', i)
        fleet.answered(worker, 'double', { queue: 0, run: ms, network: 0 }, { now: i })
      }
    }
    const it = new Master(fleet)
    const { sent, late } = ask(it, { after: 'p95', budget: 1 })
    assert.deepEqual(
      sent.map(({ worker }) => worker),
      ['fast', 'slow']
    )
    const [fast, slow] = late.map(({ at }) => at)
    // A sketch tells times to within 5%.
    assert.ok(Math.abs(fast - 10) <= 0.6 && Math.abs(slow - 50) <= 3, `late at ${fast} and ${slow}`)
  })

  it('is never late while nothing was measured', () => {
    assert.equal(ask(master(), { after: 'p95', budget: 1 }).late.length, 0)
  })

  it('is refused with a time, percentile or budget that makes no sense', () => {
    const bad: Hedge[] = [
      { after: -1, budget: 0.1 },
      { after: 'p0', budget: 0.1 },
      { after: 'p100', budget: 0.1 },
      { after: 10, budget: 0 },
      { after: 10, budget: 2 }
    ]
    for (const hedge of bad) {
      assert.throws(() => spec('uncoded', { n: 2, hedge }), InvalidPlanError)
    }
  })
})
