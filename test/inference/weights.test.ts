import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { leverages, nercc } from '../../src/codes/index.ts'
import { Fleet } from '../../src/fleet/index.ts'
import { Master } from '../../src/inference/index.ts'
import { query } from './mesh.ts'
import { of, spec } from './stepping.ts'

/** Eight workers, the first one fastest. */
function ranked(): Fleet {
  const fleet = new Fleet()
  let now = 0
  for (let i = 0; i < 8; i++) fleet.add(`worker-${i}`, ['double'])
  for (let i = 0; i < 8; i++) {
    for (let answer = 0; answer < 10; answer++) {
      fleet.began(`worker-${i}`, 'double', now)
      now += 10 * 2 ** i
      fleet.answered(`worker-${i}`, 'double', { queue: 0, run: 10 * 2 ** i, network: 0 }, { now })
    }
  }
  return fleet
}

/** The coded queries of a group of eight in the order of the workers they went to, the fastest first. */
function placed(layout: 'paper' | 'systematic'): number[] {
  const plan = spec('nercc', { codeOptions: { layout }, k: 4, n: 8, deadline: 60_000 })
  const queries = Array.from({ length: 4 }, (_, i) => ({ x: query(i) }))
  const master = new Master(ranked())
  master.step({ type: 'batch', call: 1, queries, spec: plan, concurrency: 1 }, 100_000)
  const [{ answer }] = of('answer', master.step({ type: 'abort', call: 1, reason: new Error('seen') }, 100_001))
  return answer.report.tasks.toSorted((a, b) => a.worker.localeCompare(b.worker)).map(({ index }) => index)
}

describe('the coded queries of a group', () => {
  it('go to the best workers in their order where the first are the queries themselves', () => {
    assert.deepEqual(placed('systematic'), [0, 1, 2, 3, 4, 5, 6, 7])
  })

  it('go to the better workers the more their loss costs where all are mixtures', () => {
    const indices = placed('paper')
    assert.deepEqual(indices.toSorted(), [0, 1, 2, 3, 4, 5, 6, 7])
    const worth = leverages(nercc({ k: 4, n: 8 }))
    const inOrder = indices.map(index => worth[index])
    assert.deepEqual(
      inOrder,
      inOrder.toSorted((a, b) => b - a)
    )
  })
})
