import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Course } from '../../scripts/reproduce/course.ts'
import { paperDecode } from '../../scripts/reproduce/decoders.ts'
import { drawSurvivors } from '../../scripts/reproduce/draws.ts'
import type { Group } from '../../scripts/reproduce/groups.ts'
import { replicationMethod } from '../../scripts/reproduce/methods.ts'
import { scoreGroup, standardError, summarise } from '../../scripts/reproduce/score.ts'
import { replication, type Survivors } from '../../src/codes/index.ts'

const sure = (c: number): Float32Array => Float32Array.from({ length: 4 }, (_, i) => Number(i === c))

describe('the score of a group', () => {
  it('is the squared distance summed over classes, meant over queries, and the share of right classes', () => {
    const predictions = [Float32Array.of(0.75, 0.25, 0, 0), sure(2)]
    const trial = scoreGroup(predictions, [sure(0), sure(1)], [0, 2])
    assert.equal(trial.squaredError, (0.0625 + 0.0625 + 2) / 2)
    assert.equal(trial.accuracy, 1, 'both predictions are the true class, whatever the model itself says')
  })

  it('takes a lost query for a uniform guess', () => {
    const { squaredError, accuracy } = scoreGroup([undefined], [sure(3)], [3])
    assert.equal(squaredError, 3 * 0.0625 + 0.5625)
    assert.equal(accuracy, 0.25)
  })
})

describe('a score over groups', () => {
  it('relates accuracy to the accuracy of the model itself on the same queries', () => {
    const { relAcc } = summarise(
      [[{ squaredError: 0, accuracy: 0.6 }], [{ squaredError: 0, accuracy: 0.75 }]],
      [0.8, 1]
    )
    assert.ok(Math.abs(relAcc.value - 0.75) < 1e-12, `0.675 of 0.9 is 0.75, got ${relAcc.value}`)
    assert.ok(relAcc.standardError < 1e-12, 'each group has the same share, so nothing varies')
  })

  it('takes survivor sets of one group for one measurement, however many there are', () => {
    const one = (squaredError: number) => ({ squaredError, accuracy: 1 })
    const few = summarise([[one(1)], [one(3)], [one(5)]], [1, 1, 1])
    const many = summarise(
      [
        [one(0), one(2)],
        [one(3), one(3)],
        [one(4), one(6)]
      ],
      [1, 1, 1]
    )
    assert.deepEqual(many, few)
    assert.deepEqual(few.mse, { value: 3, standardError: Math.sqrt(4 / 3) })
  })

  it('has the standard error of a mean: standard deviation over √groups', () => {
    assert.equal(standardError([1, 3]), 1)
  })
})

describe('the harness on replication, whose loss is known', () => {
  const [k, n, stragglers, groups, sets] = [5, 20, 12, 400, 2]
  // All four copies of a query among the 12 stragglers of 20: C(16, 8) / C(20, 12).
  const lost = 12870 / 125970
  const group: Group = {
    images: [],
    labels: Array.from({ length: k }, (_, q) => q % 4),
    logits: Array.from({ length: k }, (_, q) => sure(q % 4).map(value => 1000 * value)),
    probabilities: Array.from({ length: k }, (_, q) => sure(q % 4)),
    student: []
  }
  const network = {
    coded: async (_: string, code: { n: number }, images: readonly unknown[]) =>
      images.map(() => Array.from({ length: code.n }, (_, i) => group.logits[i % k]))
  }
  const survivors = new Map([[stragglers, drawSurvivors(n, stragglers, { groups, sets, seed: 1, stream: 1 })]])
  const all = { calibration: [], tuning: [], test: Array.from({ length: groups }, () => group) }
  const course = new Course(network, all, { tuning: new Map(), test: survivors })

  it('measures the expected loss within four standard errors', async () => {
    const prepare = await replicationMethod({ k, n }).learn(course)
    const { coded, decode } = await prepare(stragglers)
    const { mse, relAcc } = course.score('test', stragglers, coded, decode)
    // A lost query is at squared distance ¾ of its one-hot target, and right one time in four.
    assertNear('MSE', mse, 0.75 * lost)
    assertNear('RelAcc', relAcc, 1 - 0.75 * lost)
  })

  it('decodes exactly when every result arrives', async () => {
    const code = replication({ k, n })
    const everyone: Survivors = Array.from({ length: n }, (_, i) => i)
    const results = Array.from({ length: n }, (_, i) => group.logits[i % k])
    assert.deepEqual(paperDecode(code)(everyone, { group, results }), group.probabilities)
  })
})

function assertNear(what: string, found: { value: number; standardError: number }, expected: number): void {
  const apart = Math.abs(found.value - expected) / found.standardError
  assert.ok(apart < 4, `${what} is expected at ${expected}, got ${found.value}: ${apart} standard errors apart`)
}
