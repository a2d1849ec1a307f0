import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { random } from '../../src/chance/index.ts'
import { encode, type OrderKind, orderQueries, reorder } from '../../src/codes/index.ts'
import type { Effect, Master, PlanSpec } from '../../src/inference/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { master, of, spec, timings } from './stepping.ts'

const K = 4
const N = 100
const LENGTH = 80_000

/** Four queries of the size of small photos, which 100 coded queries are too much work of for one turn. */
function photos(seed: number): Array<{ x: Tensor<'float32'> }> {
  const chance = random(seed)
  return Array.from({ length: K }, () => ({ x: Tensor.float32(Float32Array.from({ length: LENGTH }, chance)) }))
}

function large(code: string, order: OrderKind, systematic = false): PlanSpec {
  return spec(code, { k: K, n: N, order, codeOptions: { layout: systematic ? 'systematic' : undefined } })
}

function ask(it: Master, call: number, plan: PlanSpec): Effect[] {
  return it.step({ type: 'batch', call, queries: photos(call), spec: plan, concurrency: 1 }, 0)
}

/** The timer of the next turn: the one that is due. */
function due(effects: Effect[]): number | undefined {
  return of('arm', effects).find(({ at }) => at === 0)?.timer
}

/** Coded queries in the order of their first values: of those that are ready together the weightier ones leave first. */
function inOrder(coded: readonly Tensor[]): Array<Tensor['data']> {
  const first = ({ data }: Tensor): number => Number(data[0])
  return coded.toSorted((a, b) => first(a) - first(b)).map(({ data }) => data)
}

/** All turns that are left, each with what it sent. */
function turns(it: Master, begun: Effect[]): Effect[][] {
  const all = [begun]
  for (let timer = due(begun); timer !== undefined; ) {
    const turn = it.step({ type: 'timer', timer }, 0)
    all.push(turn)
    timer = due(turn)
  }
  return all
}

describe('encoding a large group', () => {
  for (const order of ['none', 'path'] as const) {
    it(`takes several turns and gives what encoding at once gives (order ${order})`, () => {
      const it = master(N)
      const plan = large('nercc', order)
      const all = turns(it, ask(it, 1, plan))
      const sent = all.map(turn => of('submit', turn).length)
      assert.ok(all.length >= 4, `it took ${all.length} turns`)
      assert.ok(sent.filter(count => count > 0).length > 1, 'coded queries leave as soon as they are ready')
      const vectors = photos(1).map(({ x }) => x)
      const along = orderQueries(
        order,
        vectors.map(({ data }) => data)
      )
      const code = plan.code.create({ ...plan.codeOptions, k: K, n: N })
      assert.deepEqual(
        inOrder(all.flatMap(turn => of('submit', turn)).map(({ task }) => task.inputs.x)),
        inOrder(encode(code, reorder(vectors, along)))
      )
    })
  }

  it('is done in the step that closes the group where it is little', () => {
    const it = master(4)
    const queries = [1, 2].map(value => ({ x: Tensor.float32([value, value]) }))
    const begun = it.step({ type: 'batch', call: 1, queries, spec: spec('nercc'), concurrency: 1 }, 0)
    assert.equal(of('submit', begun).length, 4)
    assert.equal(due(begun), undefined)
  })

  it('lets a group wait until the one before it is encoded, and then encodes it too', () => {
    const it = master(N)
    const begun = ask(it, 1, large('nercc', 'none'))
    const second = ask(it, 2, large('nercc', 'none'))
    assert.deepEqual([of('submit', second).length, due(second)], [0, undefined], 'one timer serves both')
    const sent = turns(it, begun).flatMap(turn => of('submit', turn))
    assert.equal(sent.length, 2 * N)
    const first = encode(
      large('nercc', 'none').code.create({ k: K, n: N }),
      photos(1).map(({ x }) => x)
    )
    const before = sent.slice(0, N).map(({ task }) => task.inputs.x)
    assert.deepEqual(inOrder(before), inOrder(first), 'the first is whole before the second begins')
  })

  it('sends the queries themselves before anything is ordered or encoded, if the layout is systematic', () => {
    const it = master(N)
    ask(it, 1, large('nercc', 'path'))
    const second = ask(it, 2, large('nercc', 'path', true))
    assert.equal(of('submit', second).length, K)
  })

  it('ends early when every query has a result of its own, and holds nothing any more', () => {
    const it = master(N)
    ask(it, 1, large('nercc', 'path', true))
    const begun = ask(it, 2, large('nercc', 'path', true))
    const own = of('submit', begun).map(({ id, task }) =>
      it.step({ type: 'result', task: id, result: { outputs: { y: task.inputs.x }, timings } }, 1)
    )
    const [{ answer }] = of('answer', own[K - 1])
    assert.equal(answer.report.stop, 'exact')
    assert.equal(answer.report.n, N)
    it.step({ type: 'abort', call: 1, reason: new Error('enough of this') }, 2)
    assert.equal(it.held, 0)
  })

  it('gives what it has when the deadline comes before it is encoded', () => {
    const it = master(N)
    ask(it, 1, large('nercc', 'path', true))
    const begun = ask(it, 2, large('nercc', 'path', true))
    const [{ id, task }] = of('submit', begun)
    it.step({ type: 'result', task: id, result: { outputs: { y: task.inputs.x }, timings } }, 1)
    const [deadline] = of('arm', begun)
    const [{ answer }] = of('answer', it.step({ type: 'timer', timer: deadline.timer }, 100))
    assert.equal(answer.outcomes[0].outcome.status, 'exact')
  })

  it('is given up with its group, and the next one goes on', () => {
    const it = master(N)
    const begun = ask(it, 1, large('nercc', 'none'))
    ask(it, 2, large('nercc', 'none'))
    const left = it.step({ type: 'abort', call: 1, reason: new Error('enough of this') }, 0)
    assert.equal(of('submit', left).length, 0, 'its turn comes with the timer that is armed')
    assert.equal(
      turns(it, begun)
        .slice(1)
        .flatMap(turn => of('submit', turn)).length,
      N
    )
    const [timer] = of('disarm', it.step({ type: 'abort', call: 2, reason: new Error('and of that') }, 0))
    assert.ok(timer)
    assert.equal(it.held, 0)
  })
})

describe('decoding large results', () => {
  const LARGE = 800_000

  /** One group of four whose last result has just come; `meanwhile` is done before the first comes. */
  function collected(it: Master, meanwhile: () => void = () => {}): Effect[] {
    const queries = Array.from({ length: K }, (_, i) => ({ x: Tensor.float32([i]) }))
    const plan = spec('nercc', { k: K, n: 8, stragglers: 0 })
    const begun = it.step({ type: 'batch', call: 1, queries, spec: plan, concurrency: 1 }, 0)
    meanwhile()
    const y = Tensor.float32(new Float32Array(LARGE).fill(1))
    return of('submit', begun)
      .map(({ id }) => it.step({ type: 'result', task: id, result: { outputs: { y }, timings } }, 0))
      .slice(-1)
      .flat()
  }

  it('takes several turns, in which nothing is waited for any more, and then answers', () => {
    const it = master(8)
    const last = collected(it)
    assert.equal(of('answer', last).length, 0)
    assert.equal(of('disarm', last).length, 1, 'the deadline has nothing left to do')
    const all = turns(it, last)
    assert.ok(all.length >= 2, `it took ${all.length} turns`)
    const [{ answer }] = of('answer', all[all.length - 1])
    assert.equal(answer.final, true)
    for (const { outcome } of answer.outcomes) {
      assert.ok('output' in outcome && outcome.output.size === LARGE)
      assert.ok((outcome.output.data as Float32Array).every(value => Math.abs(value - 1) < 1e-6))
    }
    assert.equal(it.held, 0)
  })

  it('goes before encoding, which nobody waits for yet', () => {
    const it = master(N)
    let encoding: Effect[] = []
    collected(it, () => {
      encoding = ask(it, 2, large('nercc', 'none'))
    })
    const all = turns(it, encoding).slice(1)
    const answered = all.findIndex(turn => of('answer', turn).length > 0)
    assert.ok(answered >= 0 && of('submit', all.slice(0, answered).flat()).length === 0)
    assert.equal(of('submit', [...encoding, ...all.flat()]).length, N)
  })

  it('is finished, and leaves nothing, when the caller gives up meanwhile', () => {
    const it = master(8)
    const last = collected(it)
    it.step({ type: 'abort', call: 1, reason: new Error('enough of this') }, 1)
    turns(it, last)
    assert.equal(it.held, 0)
  })
})
