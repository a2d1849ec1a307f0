import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Fleet } from '../../src/fleet/index.ts'

function fleet(...workers: string[]): Fleet {
  const it = new Fleet()
  for (const worker of workers) {
    it.add(worker, ['model'])
  }
  return it
}

function answer(it: Fleet, worker: string, ...times: number[]): void {
  for (const ms of times) {
    it.began(worker)
    it.ended(worker, 'model', ms)
  }
}

describe('a fleet', () => {
  it('forgives a worker that is wrong once in a while, and puts one behind the others that is wrong more often', () => {
    const it = fleet('fast', 'slow')
    answer(it, 'fast', ...Array(20).fill(1))
    answer(it, 'slow', ...Array(20).fill(9))
    it.wrong('fast')
    it.wrong('fast')
    assert.deepEqual(it.rank('model'), ['fast', 'slow'])
    it.wrong('fast')
    assert.deepEqual(it.rank('model'), ['slow', 'fast'])
    answer(it, 'fast', ...Array(10).fill(1))
    assert.deepEqual(it.rank('model'), ['fast', 'slow'], 'trust comes back')
  })

  it('knows within which time a worker gives a share of its newest answers', () => {
    const it = fleet('worker')
    answer(it, 'worker', ...Array(64).fill(1000), ...Array.from({ length: 64 }, (_, i) => i + 1))
    assert.equal(it.answersWithin('worker', 'model', 0.5), 32)
    assert.equal(it.answersWithin('worker', 'model', 0.95), 61)
    assert.equal(it.answersWithin('worker', 'another model', 0.95), undefined)
  })

  it('takes a worker that is not measured for one like the others', () => {
    const it = fleet('worker', 'newcomer')
    assert.equal(it.answersWithin('newcomer', 'model', 0.5), undefined)
    answer(it, 'worker', 5, 6, 7)
    assert.equal(it.answersWithin('newcomer', 'model', 0.5), 6)
  })
})
