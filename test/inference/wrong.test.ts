import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { approxifer, type CodeFamily, codeFamily, linearDecoder } from '../../src/codes/index.ts'
import { Fleet } from '../../src/fleet/index.ts'
import {
  type CalibratedPlan,
  drive,
  type GroupAnswer,
  InvalidPlanError,
  linearPlan,
  planSpec
} from '../../src/inference/index.ts'
import { VirtualClock, virtualChannel } from '../../src/simulation/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { query, run } from './mesh.ts'
import { spec } from './stepping.ts'

const K = 3
const N = 8

/** It suspects what no honest result can be: the model's are below a thousand. */
function wary(code: CodeFamily): CalibratedPlan {
  return {
    id: 'wary',
    decoder: linearDecoder(code.create({ k: K, n: N })),
    assess: (_, predictions) => predictions.map(() => undefined),
    suspects: (survivors, results, most) =>
      survivors.filter((_, i) => results[i].data.some(value => Math.abs(Number(value)) > 1000)).slice(0, most)
  }
}

/** One group on a virtual fleet with liars, and what the fleet learned. */
function ask(name: string, liars: readonly string[], maxWrong: number): { answer: GroupAnswer; fleet: Fleet } {
  const clock = new VirtualClock()
  const fleet = new Fleet()
  const code = codeFamily(name)
  const answers: GroupAnswer[] = []
  const lie = () => ({ y: Tensor.float32([9e4, 9e4, 9e4, 9e4], [1, 4]) })
  const channels = Array.from({ length: N }, (_, i) => {
    const worker = `worker-${i}`
    const profile = { service: () => 5 + i, network: () => 1, fault: () => undefined }
    return virtualChannel({ worker, clock, profile, run: liars.includes(worker) ? lie : run })
  })
  for (const { worker } of channels) {
    fleet.add(worker, ['double'])
  }
  const driven = drive({
    fleet,
    clock,
    channel: id => channels.find(({ worker }) => worker === id),
    answered: answer => answers.push(answer)
  })
  const plan = planSpec({
    model: 'double',
    output: 'y',
    code,
    k: K,
    n: N,
    deadline: 100,
    stragglers: 0,
    maxWrong,
    calibrated: wary(code)
  })
  const queries = Array.from({ length: K }, (_, i) => ({ x: query(i) }))
  driven.dispatch({ type: 'batch', call: 1, queries, spec: plan, concurrency: 1 })
  clock.run()
  assert.equal(driven.held, 0)
  return { answer: answers[answers.length - 1], fleet }
}

function wrongIn({ report }: GroupAnswer): string[] {
  return report.tasks.filter(({ status }) => status === 'wrong').map(({ worker }) => worker)
}

function worstError({ outcomes }: GroupAnswer): number {
  return Math.max(
    ...outcomes.map(({ outcome, position }) => {
      assert.ok('output' in outcome, `query ${position} is ${outcome.status}`)
      const expected = run({ x: query(position) }).y.data as Float32Array
      const values = outcome.output.data as Float32Array
      return Math.max(...values.map((value, i) => Math.abs(value - expected[i])))
    })
  )
}

describe('results that those of the others contradict', () => {
  it('are left out of what is decoded, and named', () => {
    const liars = ['worker-2', 'worker-5']
    const { answer } = ask('nercc', liars, 2)
    assert.deepEqual(wrongIn(answer), liars)
    const honest = answer.report.tasks.filter(({ worker }) => !liars.includes(worker))
    assert.equal(honest.length, N - liars.length)
    assert.deepEqual(answer.report.survivors, honest.map(({ index }) => index).toSorted())
    assert.ok(worstError(answer) < 2, `off by ${worstError(answer)}`)
  })

  it('are no more than the caller allows', () => {
    const { answer } = ask('nercc', ['worker-2', 'worker-5'], 1)
    assert.equal(wrongIn(answer).length, 1)
    assert.equal(wrongIn(ask('nercc', ['worker-2', 'worker-5'], 0).answer).length, 0)
  })

  it('do not count as the result of a query itself, so another copy is waited for', () => {
    const { answer } = ask('replication', ['worker-0'], 1)
    assert.deepEqual(wrongIn(answer), ['worker-0'])
    assert.ok(answer.outcomes.every(({ outcome }) => outcome.status === 'exact'))
    assert.equal(worstError(answer), 0)
  })

  it('put their worker behind all others', () => {
    const { fleet } = ask('nercc', ['worker-0'], 1)
    const all = fleet.choose('double', { count: fleet.count('double') }, 1e6)
    assert.equal(all.at(-1), 'worker-0', 'although it is the fastest')
  })

  it('are found by the locator that a code brings along, with no profile', () => {
    const plan = linearPlan(spec('approxifer', { k: 2, n: 8, maxWrong: 1 }))
    for (const at of [0, 1]) plan.add({ x: query(at) })
    plan.close()
    while (plan.encodeNext() !== undefined);
    const beta = approxifer({ k: 2, n: 8 }).points?.beta ?? []
    const honest = (index: number) => Tensor.float32([beta[index], 1 - beta[index], 2 * beta[index]])
    const results = new Map(Array.from({ length: 8 }, (_, index) => [index, honest(index)]))
    results.set(5, Tensor.float32([90, 7, -60]))
    assert.deepEqual(plan.suspects(results, 1), [5])
    assert.deepEqual(plan.suspects(results, 0), [])
  })

  it('are not looked for where nobody could tell', () => {
    assert.throws(() => spec('nercc', { maxWrong: 1 }), InvalidPlanError)
    assert.throws(() => spec('nercc', { maxWrong: -1 }), InvalidPlanError)
  })
})
