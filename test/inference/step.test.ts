import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Fleet } from '../../src/fleet/index.ts'
import { Master } from '../../src/inference/index.ts'
import { query, run } from './mesh.ts'
import { master, of, spec, timings } from './stepping.ts'

describe('a step of the master', () => {
  it('sends a query of a systematic code at once, and its copies when the group closes', () => {
    const it = master()
    const lane = { spec: spec('replication'), lane: 'lane' }
    const first = it.step({ type: 'query', call: 1, query: { x: query(1) }, ...lane }, 0)
    assert.equal(of('submit', first).length, 1)
    const second = it.step({ type: 'query', call: 2, query: { x: query(2) }, ...lane }, 5)
    assert.equal(of('submit', second).length, 3, 'the query itself, and then a copy of each')
  })

  it('sends nothing of a code that mixes queries before the group closes', () => {
    const it = master()
    const lane = { spec: spec('nercc'), lane: 'lane' }
    const first = it.step({ type: 'query', call: 1, query: { x: query(1) }, ...lane }, 0)
    assert.equal(of('submit', first).length, 0)
    const [wait] = of('arm', first).filter(({ at }) => at === 20)
    const closed = it.step({ type: 'timer', timer: wait.timer }, 20)
    assert.equal(of('submit', closed).length, 2, 'a group of one query of two keeps the overhead')
  })

  it('never waits for company longer than half of the time that a query has', () => {
    const it = master()
    const lane = { spec: spec('nercc', { maxWait: 90 }), lane: 'lane' }
    const armed = of('arm', it.step({ type: 'query', call: 1, query: { x: query(1) }, ...lane }, 1000))
    assert.deepEqual(armed.map(({ at }) => at).sort(), [1050, 1100])
  })

  it('starts no more groups of a batch than may be in progress', () => {
    const it = master()
    const queries = [1, 2, 3, 4, 5, 6].map(value => ({ x: query(value) }))
    const batch = { type: 'batch', call: 1, queries, spec: spec('uncoded', { n: 2 }), concurrency: 2 } as const
    const [first, second] = [it.step(batch, 0), it.step({ type: 'advance', call: 1 }, 0)]
    assert.equal(of('advance', first).length, 1, 'the second group is to start when the tasks of the first are known')
    assert.equal(of('advance', second).length, 0)
    const sent = [...of('submit', first), ...of('submit', second)]
    assert.equal(sent.length, 4)
    const result = { outputs: run({ x: query(1) }), timings }
    it.step({ type: 'result', task: sent[0].id, result }, 1)
    const next = it.step({ type: 'result', task: sent[1].id, result }, 2)
    assert.equal(of('answer', next).length, 1)
    assert.equal(of('submit', next).length, 2, 'the third group starts when one has ended')
  })

  it('cancels what is still out when the deadline comes, answers, and holds nothing any more', () => {
    const it = master()
    const queries = [{ x: query(1) }, { x: query(2) }]
    const begun = it.step({ type: 'batch', call: 1, queries, spec: spec('uncoded', { n: 2 }), concurrency: 1 }, 0)
    const [deadline] = of('arm', begun)
    const late = it.step({ type: 'timer', timer: deadline.timer }, 100)
    assert.deepEqual(
      of('cancel', late).map(({ id }) => id),
      of('submit', begun).map(({ id }) => id)
    )
    const [{ answer }] = of('answer', late)
    assert.deepEqual([answer.final, answer.report.stop, answer.outcomes.length], [true, 'deadline', 2])
    assert.equal(it.held, 0)
  })

  it('ignores what comes too late: results, failures and timers of groups that have ended', () => {
    const it = master()
    const queries = [{ x: query(1) }]
    const begun = it.step({ type: 'batch', call: 1, queries, spec: spec('replication'), concurrency: 1 }, 0)
    const [first, second] = of('submit', begun)
    const result = { outputs: run({ x: query(1) }), timings }
    it.step({ type: 'result', task: first.id, result }, 1)
    assert.deepEqual(it.step({ type: 'result', task: second.id, result }, 2), [])
    assert.deepEqual(it.step({ type: 'failed', task: second.id, error: new Error('late') }, 3), [])
    assert.deepEqual(it.step({ type: 'timer', timer: of('arm', begun)[0].timer }, 100), [])
    assert.deepEqual(it.step({ type: 'abort', call: 1, reason: new Error('late') }, 101), [])
  })

  it('sends no more of a group to one host than the group can do without, as long as there are others', () => {
    const fleet = new Fleet()
    const host: Record<string, string> = { a: 'rack', b: 'rack', c: 'rack', d: 'rack', e: 'shelf', f: 'desk' }
    for (const [worker, domain] of Object.entries(host)) {
      fleet.add(worker, ['double'], { domain })
      // those of the rack are the fastest
      fleet.began(worker, 'double', 0)
      fleet.answered(worker, 'double', { queue: 0, run: domain === 'rack' ? 5 : 20, network: 0 }, { now: 5 })
    }
    const queries = [{ x: query(1) }, { x: query(2) }]
    const begun = new Master(fleet).step({ type: 'batch', call: 1, queries, spec: spec('nercc'), concurrency: 1 }, 10)
    const hosts = of('submit', begun).map(({ worker }) => host[worker])
    assert.deepEqual(hosts.sort(), ['desk', 'rack', 'rack', 'shelf'])
  })

  it('keeps a query until there is a worker, and sends it when one comes', () => {
    const fleet = new Fleet()
    const it = new Master(fleet)
    const queries = [{ x: query(1) }]
    const begun = it.step({ type: 'batch', call: 1, queries, spec: spec('nercc'), concurrency: 1 }, 0)
    assert.equal(of('submit', begun).length, 0)
    fleet.add('newcomer', ['double'])
    assert.ok(of('submit', it.step({ type: 'workers' }, 10)).every(({ worker }) => worker === 'newcomer'))
    assert.equal(it.step({ type: 'workers' }, 11).length, 0, 'it is sent once')
  })
})
