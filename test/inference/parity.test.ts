import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Fleet } from '../../src/fleet/index.ts'
import {
  type Effect,
  InvalidPlanError,
  type LearnedEncoder,
  Master,
  type ParityModel,
  SELF
} from '../../src/inference/index.ts'
import type { NamedTensors } from '../../src/models/index.ts'
import { stack, Tensor } from '../../src/tensor/index.ts'
import { query, run } from './mesh.ts'
import { of, spec, timings } from './stepping.ts'

const K = 3
const parity: ParityModel = { model: 'parity', output: 'mean' }

/** The deployed model is affine, so it is its own parity model; the one that stands for it has another name and output. */
function answerOf({ model, inputs }: { model: string; inputs: NamedTensors }): NamedTensors {
  const { y } = run(inputs)
  return model === 'parity' ? { mean: y } : { y }
}

function ask(parities: readonly ParityModel[], values: readonly number[], more: Parameters<typeof spec>[1] = {}) {
  const fleet = new Fleet()
  for (let i = 0; i < 8; i++) fleet.add(`worker-${i}`, ['double', 'parity'])
  const master = new Master(fleet)
  const plan = spec('parm', { k: K, n: K + parities.length, parities, stragglers: parities.length, ...more })
  const queries = values.map(value => ({ x: query(value) }))
  const begun = master.step({ type: 'batch', call: 1, queries, spec: plan, concurrency: 4 }, 0)
  return { master, queries, plan, begun }
}

type Sent = Extract<Effect, { type: 'submit' }>

function answer(master: Master, sent: Sent): Effect[] {
  return master.step({ type: 'result', task: sent.id, result: { outputs: answerOf(sent.task), timings } }, 5)
}

describe('a plan with parity models', () => {
  it('sends queries to the deployed model and their mixture to the parity model, and reconstructs what is missing', () => {
    const { master, begun } = ask([parity], [1, 20, 300])
    const sent = of('submit', begun)
    assert.deepEqual(
      sent.map(({ task }) => [task.model, task.outputs]),
      [
        ['double', ['y']],
        ['double', ['y']],
        ['double', ['y']],
        ['parity', ['mean']]
      ]
    )
    assert.equal(sent[3].task.inputs.x.data[0], 107)
    const [, second, ...others] = sent
    const effects = [sent[0], ...others].flatMap(each => answer(master, each))
    const [{ answer: last }] = of('answer', effects)
    assert.deepEqual(
      last.outcomes.map(({ outcome }) => 'source' in outcome && outcome.source),
      ['exact', 'decoded', 'exact']
    )
    const [, { outcome }] = last.outcomes
    assert.ok('output' in outcome)
    outcome.output.data.forEach((value, i) => {
      assert.ok(Math.abs(Number(value) - (2 * (20 + i) + 1)) < 1e-3, `element ${i} is ${value}`)
    })
    assert.deepEqual(
      last.report.tasks.map(({ role, status }) => [role, status]),
      [
        ['query', 'result'],
        ['query', 'cancelled'],
        ['query', 'result'],
        ['parity', 'result']
      ]
    )
    assert.deepEqual(
      of('cancel', effects).map(({ id }) => id),
      [second.id]
    )
    assert.equal(master.held, 0)
  })

  it('needs no answer of the parity model when all queries have their own', () => {
    const { master, begun } = ask([parity], [1, 2, 3])
    const effects = of('submit', begun)
      .slice(0, K)
      .flatMap(each => answer(master, each))
    const [{ answer: last }] = of('answer', effects)
    assert.equal(last.report.stop, 'exact')
    assert.equal(master.held, 0)
  })

  it('sends single queries as they come, and the mixture when their group closes', () => {
    const { plan } = ask([parity], [1])
    const fleet = new Fleet()
    for (let i = 0; i < 8; i++) fleet.add(`worker-${i}`, ['double', 'parity'])
    const master = new Master(fleet)
    const models = [1, 2, 3].map(value => {
      const effects = master.step(
        { type: 'query', call: value, query: { x: query(value) }, spec: plan, lane: 'a' },
        value
      )
      return of('submit', effects).map(({ task }) => task.model)
    })
    assert.deepEqual(models, [['double'], ['double'], ['double', 'parity']])
  })

  it('copies the queries of a group that is smaller than the parity model knows', () => {
    const { master } = ask([parity], [1, 2, 3, 4])
    const last = of('submit', master.step({ type: 'advance', call: 1 }, 0)).filter(
      ({ task }) => task.inputs.x.data[0] === 4
    )
    assert.deepEqual(
      last.map(({ task }) => task.model),
      ['double', 'double']
    )
  })

  it('feeds a parity model in its own way where it has one', () => {
    const feed = (queries: readonly NamedTensors[]): NamedTensors => ({
      tiles: Tensor.float32(
        queries.map(({ x }) => Number(x.data[0])),
        [1, K]
      )
    })
    const { begun } = ask([{ ...parity, feed }], [1, 2, 3])
    const [, , , { task }] = of('submit', begun)
    assert.deepEqual([...task.inputs.tiles.data], [1, 2, 3])
  })

  it('is refused with more or fewer models than parity queries, or beside another code', () => {
    assert.throws(() => spec('parm', { k: 3, n: 5, parities: [parity] }), InvalidPlanError)
    assert.throws(() => spec('nercc', { k: 3, n: 4, parities: [parity] }), InvalidPlanError)
  })
})

describe('a plan whose parity query is made by a model that the master runs', () => {
  /** An invertible network x³ with a head 2y + 1, and its exact encoder: the cube root of the mean of cubes. */
  const f = (x: number) => 2 * x ** 3 + 1
  const encoder: LearnedEncoder = {
    model: 'encoder',
    output: 'coded',
    feed: queries => ({ group: stack(queries.map(({ x }) => x.row(0))) }),
    read: coded => ({ x: coded })
  }
  const parities: ParityModel[] = [{ model: 'double', output: 'y', encoder }]

  function outputs({ model, inputs }: { model: string; inputs: NamedTensors }): NamedTensors {
    if (model === 'double') {
      return {
        y: Tensor.float32(
          [...inputs.x.data].map(value => f(Number(value))),
          inputs.x.shape
        )
      }
    }
    const { group } = inputs
    const cubes = Array.from({ length: 4 }, (_, i) =>
      Array.from({ length: K }, (_, row) => Number(group.row(row).data[i]) ** 3)
    )
    return {
      coded: Tensor.float32(
        cubes.map(each => Math.cbrt(each.reduce((a, b) => a + b, 0) / K)),
        [1, 4]
      )
    }
  }

  const give = (master: Master, sent: Sent) =>
    master.step({ type: 'result', task: sent.id, result: { outputs: outputs(sent.task), timings } }, 5)

  it('reconstructs what is missing exactly, of a network that is exactly invertible', () => {
    const { master, begun } = ask(parities, [1, 2, 3])
    const sent = of('submit', begun)
    assert.deepEqual(
      sent.map(({ task, worker }) => [task.model, worker === SELF]),
      [
        ['double', false],
        ['double', false],
        ['double', false],
        ['encoder', true]
      ]
    )
    const [first, , third, own] = sent
    const [parity, ...others] = of('submit', give(master, own))
    assert.deepEqual([parity.task.model, others], ['double', []])
    const effects = [first, third, parity].flatMap(each => give(master, each))
    const [{ answer: last }] = of('answer', effects)
    const [, { outcome }] = last.outcomes
    assert.ok('source' in outcome && outcome.source === 'decoded')
    outcome.output.data.forEach((value, i) => {
      assert.ok(Math.abs(Number(value) - f(2 + i)) < 1e-3, `element ${i} is ${value}, not ${f(2 + i)}`)
    })
    assert.equal(master.held, 0)
  })

  it('goes on without the parity query when its encoder fails', () => {
    const { master, begun } = ask(parities, [1, 2, 3])
    const [first, second, third, own] = of('submit', begun)
    const failed = master.step({ type: 'failed', task: own.id, error: new Error('no memory') }, 5)
    assert.deepEqual(of('submit', failed), [])
    const effects = [first, second, third].flatMap(each => give(master, each))
    assert.equal(of('answer', effects)[0].answer.report.stop, 'exact')
    assert.equal(master.held, 0)
  })

  it('has no prediction from the encoder alone', () => {
    const { master, begun } = ask(parities, [1, 2, 3], { refine: 'until-stop' })
    const own = of('submit', begun)[3]
    const shown = of('answer', give(master, own))
    assert.ok(shown.every(({ answer: { outcomes } }) => outcomes.every(({ outcome }) => outcome.status === 'pending')))
  })
})
