import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Course, units } from '../../scripts/reproduce/course.ts'
import { paperDecode } from '../../scripts/reproduce/decoders.ts'
import { drawSurvivors } from '../../scripts/reproduce/draws.ts'
import type { Group } from '../../scripts/reproduce/groups.ts'
import { replicationMethod } from '../../scripts/reproduce/methods.ts'
import { scoreQuery, standardError, summarise, type Trial } from '../../scripts/reproduce/score.ts'
import { replication, type Survivors } from '../../src/codes/index.ts'

const sure = (c: number): Float32Array => Float32Array.from({ length: 4 }, (_, i) => Number(i === c))

describe('the score of a query', () => {
  it('is the squared distance summed over classes, and whether the class is the true one and the model’s own', () => {
    const near = scoreQuery(Float32Array.of(0.75, 0.25, 0, 0), sure(0), 0)
    assert.deepEqual(near, { squaredError: 2 * 0.0625, right: 1, agrees: 1, own: 1 })
    const luckier = scoreQuery(sure(2), sure(1), 2)
    assert.deepEqual(luckier, { squaredError: 2, right: 1, agrees: 0, own: 0 }, 'right where the model is wrong')
  })

  it('takes a lost query for a uniform guess', () => {
    const lost = scoreQuery(undefined, sure(3), 3)
    assert.deepEqual(lost, { squaredError: 3 * 0.0625 + 0.5625, right: 0.25, agrees: 0.25, own: 1 })
  })
})

describe('a score over trials', () => {
  const trial = (unit: number, squaredError: number, right = 1, own = 1): Trial => ({
    unit,
    squaredError,
    right,
    agrees: right,
    own
  })

  it('relates accuracy to the accuracy of the model itself on the same queries', () => {
    const { relAcc } = summarise([trial(0, 0, 0.6, 0.8), trial(1, 0, 0.75, 1)])
    assert.ok(Math.abs(relAcc.value - 0.75) < 1e-12, `0.675 of 0.9 is 0.75, got ${relAcc.value}`)
    assert.ok(relAcc.standardError < 1e-12, 'each unit has the same share, so nothing varies')
  })

  it('takes trials of one unit for one measurement, however many there are', () => {
    const few = summarise([1, 3, 5].map((error, unit) => trial(unit, error)))
    const many = summarise([0, 2, 3, 3, 4, 6].map((error, i) => trial(Math.floor(i / 2), error)))
    assert.deepEqual(many, few)
    assert.deepEqual(few.mse, { value: 3, standardError: Math.sqrt(4 / 3) })
  })

  it('has the standard error of a mean: standard deviation over √units', () => {
    assert.equal(standardError([1, 3]), 1)
  })
})

describe('units', () => {
  it('are groups where no image is in two of them, else images', () => {
    const disjoint = units([{ members: [7, 8] }, { members: [9, 5] }])
    assert.equal(disjoint(1, 0), 1)
    const recurring = units([{ members: [7, 8] }, { members: [9, 7] }])
    assert.equal(recurring(1, 1), recurring(0, 0), 'the image that both groups have')
    assert.notEqual(recurring(0, 0), recurring(0, 1))
  })
})

describe('the harness on replication, whose loss is known', () => {
  const [k, n, stragglers, groups, sets] = [5, 20, 12, 400, 2]
  // All four copies of a query among the 12 stragglers of 20: C(16, 8) / C(20, 12).
  const lost = 12870 / 125970
  const group: Omit<Group, 'members'> = {
    images: [],
    labels: Array.from({ length: k }, (_, q) => q % 4),
    logits: Array.from({ length: k }, (_, q) => sure(q % 4).map(value => 1000 * value)),
    probabilities: Array.from({ length: k }, (_, q) => sure(q % 4)),
    student: []
  }
  const models = {
    coded: async (code: { n: number }, asked: readonly unknown[]) =>
      asked.map(() => Array.from({ length: code.n }, (_, i) => group.logits[i % k]))
  }
  const test = Array.from({ length: groups }, (_, g) => ({ ...group, members: group.labels.map((_, q) => g * k + q) }))
  const survivors = new Map([[stragglers, drawSurvivors(n, stragglers, { groups, sets, seed: 1, stream: 1 })]])
  const parts = { calibration: [], tuning: [], test }
  const course = new Course(models, parts, { tuning: new Map(), test: survivors })

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
    assert.deepEqual(paperDecode(code)(everyone, { group: test[0], results }), group.probabilities)
  })
})

function assertNear(what: string, found: { value: number; standardError: number }, expected: number): void {
  const apart = Math.abs(found.value - expected) / found.standardError
  assert.ok(apart < 4, `${what} is expected at ${expected}, got ${found.value}: ${apart} standard errors apart`)
}
