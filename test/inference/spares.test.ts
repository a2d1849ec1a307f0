import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Fleet } from '../../src/fleet/index.ts'
import { type Effect, InvalidPlanError, Master, type PlanInit } from '../../src/inference/index.ts'
import { query, run } from './mesh.ts'
import { of, spec, timings } from './stepping.ts'

const MS = 10

/** A master whose workers answer within 10 ms, as far as they are measured; it tells the fleet what it sends, as its shell would. */
class Measured {
  readonly fleet = new Fleet()
  readonly master = new Master(this.fleet)
  now = 0

  constructor(workers: number, measured = true) {
    const ids = Array.from({ length: workers }, (_, i) => `worker-${i}`)
    for (const id of ids) this.fleet.add(id, ['double'])
    for (let i = 0; measured && i < 10; i++) {
      for (const id of ids) this.answer(id)
    }
  }

  ask(more: Partial<PlanInit> = {}): Effect[] {
    const plan = spec('nercc', { codeOptions: { layout: 'systematic' }, k: 2, n: 4, fewest: true, ...more })
    const queries = Array.from({ length: plan.k }, (_, i) => ({ x: query(i) }))
    return this.step({ type: 'batch', call: 1, queries, spec: plan, concurrency: 1 })
  }

  fire(effects: Effect[], before = 90): Effect[] {
    const [{ timer, at }] = of('arm', effects).filter(({ at }) => at < this.now + before)
    this.now = at
    return this.step({ type: 'timer', timer })
  }

  step(event: Parameters<Master['step']>[0]): Effect[] {
    const effects = this.master.step(event, this.now)
    for (const { worker } of of('submit', effects)) this.fleet.began(worker, 'double', this.now)
    return effects
  }

  answer(worker: string, run = MS): void {
    this.fleet.began(worker, 'double', this.now)
    this.now += run
    this.fleet.answered(worker, 'double', { ...timings, run, network: 0 }, { now: this.now })
  }
}

function sent(effects: Effect[]): number {
  return of('submit', effects).length
}

describe('the fewest tasks that are enough', () => {
  it('are the queries themselves where there is time, and all N where there is none or nobody is measured', () => {
    assert.equal(sent(new Measured(8).ask()), 2)
    assert.equal(sent(new Measured(8).ask({ deadline: 5 })), 4, 'the deadline is shorter than a run')
    assert.equal(sent(new Measured(8, false).ask()), 4, 'nothing is known of the workers')
    assert.equal(sent(new Measured(8).ask({ fewest: false })), 4, 'not asked for')
  })

  it('are N − s of a code that mixes all queries', () => {
    assert.equal(sent(new Measured(12).ask({ codeOptions: {}, k: 2, n: 8, stragglers: 3 })), 5)
  })

  it('count tasks of one worker as late together', () => {
    const it = new Measured(2)
    for (let i = 0; i < 60; i++) {
      // One in twenty is too late: both together are in time too seldom, each of them is not.
      it.answer('worker-0', i % 20 === 0 ? 500 : MS)
    }
    assert.ok(sent(it.ask({ k: 2, n: 4 })) > 2)
  })

  it('get a copy each when they are late, at a worker that is idle and has nothing of the group', () => {
    const it = new Measured(8)
    const begun = it.ask()
    const [first, second] = of('submit', begun)
    it.step({ type: 'result', task: first.id, result: { outputs: run({ x: query(0) }), timings } })
    const [copy, ...more] = of('submit', it.fire(begun))
    assert.deepEqual(copy.task.inputs, second.task.inputs)
    assert.ok(![first.worker, second.worker].includes(copy.worker))
    assert.deepEqual(more, [])
  })

  it('get two copies each where one alone is late too often, and no third before these are late', () => {
    const it = new Measured(12)
    for (let i = 0; i < 8; i++) {
      for (let worker = 0; worker < 12; worker++) it.answer(`worker-${worker}`, (i + worker) % 8 === 0 ? 8 * MS : MS)
    }
    const begun = it.ask({ n: 6, deadline: 1000 })
    const looked = it.fire(begun, 900)
    const indices = of('submit', looked).map(({ task }) =>
      of('submit', begun).findIndex(own => own.task.inputs === task.inputs)
    )
    assert.deepEqual(indices, [0, 1, 0, 1])
    assert.equal(sent(it.fire(looked, 900)), 0)
  })

  it('stay alone where nobody is idle', () => {
    const it = new Measured(4)
    const begun = it.ask()
    for (let i = 0; i < 4; i++) it.fleet.began(`worker-${i}`, 'double', it.now)
    assert.equal(sent(it.fire(begun)), 0)
  })

  it('are followed by no more copies than groups did without', () => {
    const it = new Measured(30)
    let effects = it.ask({ deadline: 1000 })
    let copies = 0
    for (let round = 0; round < 8; round++) {
      effects = it.fire(effects, 900)
      copies += sent(effects)
    }
    assert.equal(copies, 2, 'two of four were held back')
  })

  it('are followed by those that were held back, once one has failed for good', () => {
    const it = new Measured(8)
    const [first] = of('submit', it.ask())
    const error = new Error('it broke')
    const [again] = of('submit', it.step({ type: 'failed', task: first.id, error }))
    assert.equal(sent(it.step({ type: 'failed', task: again.id, error })), 2)
  })

  it('are not told of plans that ask for companions or a quality', () => {
    assert.throws(() => spec('uncoded', { n: 2, fewest: true, quality: 0.9 }), InvalidPlanError)
  })
})
