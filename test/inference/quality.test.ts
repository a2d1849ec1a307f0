import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { linearDecoder, nercc } from '../../src/codes/index.ts'
import {
  type CalibratedPlan,
  type GroupAnswer,
  InvalidPlanError,
  type Master,
  type PlanInit
} from '../../src/inference/index.ts'
import { query, run } from './mesh.ts'
import { master, of, spec, timings } from './stepping.ts'

/** Calibrated so that a prediction from m of n results agrees with the model with probability m / n. */
function agreeing(k: number, n: number, decoded: () => void = () => {}): CalibratedPlan {
  const decoder = linearDecoder(nercc({ k, n }))
  return {
    id: 'calibrated',
    decoder: {
      select(survivors) {
        decoded()
        return decoder.select(survivors)
      }
    },
    assess: ({ survivors }, predictions) => predictions.map(() => ({ error: 1, agreement: survivors.length / n })),
    suspects: () => []
  }
}

function asked(k: number, n: number, more: Partial<PlanInit>) {
  return spec('nercc', { k, n, calibrated: agreeing(k, n), ...more })
}

/** Asks for one group; `arrive` brings the next result in, and returns the answer if that was the last one needed. */
function ask(it: Master, plan: ReturnType<typeof asked>) {
  const queries = Array.from({ length: plan.k }, (_, i) => ({ x: query(i) }))
  const begun = it.step({ type: 'batch', call: 1, queries, spec: plan, concurrency: 1 }, 0)
  const tasks = of('submit', begun)
  const [deadline] = of('arm', begun)
  const answerOf = (effects: ReturnType<Master['step']>): GroupAnswer | undefined => of('answer', effects)[0]?.answer
  return {
    arrive() {
      const [next] = tasks.splice(0, 1)
      const result = { outputs: run({ x: next.task.inputs.x }), timings }
      return answerOf(it.step({ type: 'result', task: next.id, result }, 1))
    },
    late: () => answerOf(it.step({ type: 'timer', timer: deadline.timer }, 100))
  }
}

describe('a group that is asked for a quality', () => {
  it('stops as soon as every prediction is expected to have it, sooner than N − s results are in', () => {
    const group = ask(master(), asked(2, 6, { quality: 0.5, stragglers: 0 }))
    assert.deepEqual([group.arrive(), group.arrive()], [undefined, undefined])
    const answer = group.arrive()
    assert.equal(answer?.report.stop, 'quality')
    assert.deepEqual(
      answer?.outcomes.map(({ outcome }) => outcome.status === 'reconstructed' && outcome.belowQuality),
      [undefined, undefined]
    )
  })

  it('waits on when N − s results do not give it', () => {
    const group = ask(master(), asked(2, 6, { quality: 0.9, stragglers: 4 }))
    const answers = [1, 2, 3, 4, 5].map(() => group.arrive())
    assert.deepEqual(answers, Array(5).fill(undefined))
    assert.equal(group.arrive()?.report.stop, 'quality')
  })

  it('answers at the deadline with what there is, and says of each prediction that it is less than was asked', () => {
    const group = ask(master(), asked(2, 6, { quality: 0.9 }))
    group.arrive()
    group.arrive()
    const answer = group.late()
    assert.equal(answer?.report.stop, 'deadline')
    assert.deepEqual(
      answer?.outcomes.map(({ outcome }) => outcome.status === 'reconstructed' && outcome.belowQuality),
      [true, true]
    )
  })

  it('has it with results of the queries themselves, calibrated or not', () => {
    const group = ask(master(), spec('replication', { k: 2, n: 4, quality: 1 }))
    group.arrive()
    const answer = group.arrive()
    assert.equal(answer?.report.stop, 'exact')
    assert.ok(answer?.outcomes.every(({ outcome }) => outcome.status === 'exact'))
  })

  it('is not decoded for every result only to look', () => {
    let decoded = 0
    const calibrated = agreeing(2, 100, () => decoded++)
    const group = ask(master(100), asked(2, 100, { quality: 1, calibrated }))
    for (let i = 0; i < 99; i++) {
      group.arrive()
    }
    assert.ok(decoded <= 20, `decoded ${decoded} times for 99 results`)
  })

  it('is refused where nobody could tell, or what is asked makes no sense', () => {
    assert.throws(() => spec('nercc', { quality: 0.9 }), InvalidPlanError)
    for (const quality of [0, 1.5, Number.NaN]) {
      assert.throws(() => asked(2, 6, { quality }), InvalidPlanError)
    }
  })
})
