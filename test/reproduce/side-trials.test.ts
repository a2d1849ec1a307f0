import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { mean } from '../../scripts/reproduce/score.ts'
import { autoPlan, descriptionOf, exitsOf, studentOf, uselessStudent } from '../../scripts/reproduce/side-companions.ts'
import { type Method, SETS, type SideTrial, trialsOf } from '../../scripts/reproduce/side-trials.ts'
import { random } from '../../src/chance/index.ts'
import { learnConfidence } from '../../src/codes/index.ts'
import { calibrated, profileOf } from '../advisor/profiles.ts'

const SEED = 3
const CLASSES = 10
const SIZE = { k: 4, n: 6, stragglers: 2 }

/** Logits of images, each of one class, and what companions say of them that err in some. */
function answers(count: number, seed: number) {
  const chance = random(seed)
  const labels = Array.from({ length: count }, () => Math.floor(CLASSES * chance()))
  const logits = (wrong: number): Float32Array[] =>
    labels.map(label => {
      const named = chance() < wrong ? Math.floor(CLASSES * chance()) : label
      return Float32Array.from({ length: CLASSES }, (_, c) => (c === named ? 4 : 0) + chance())
    })
  return { own: logits(0), student: logits(0.3), description: logits(0.05), exit: logits(0.2), labels }
}

describe('trials of side information', () => {
  const [learning, test] = [answers(400, 1), answers(80, 2)]
  const side = {
    student: 'fitted',
    macs: { deployed: 100, student: 1 },
    descriptions: { tried: [] },
    exits: { exits: [{ output: 'exit1', at: 0.4, answers: learning.exit }], own: learning.own },
    learning,
    test
  }
  const student = studentOf(side, 0.01)
  const useless = uselessStudent(side, 0.01, SEED)
  const learned = {
    view: { height: 1, width: 1, seen: 1 },
    head: 'plain' as const,
    together: 2,
    agreement: 0.95,
    loss: 0,
    regret: 0.02,
    error: 1,
    file: new Uint8Array(),
    confidence: learnConfidence(learning.description, learning.own),
    answers: learning.description
  }
  const description = descriptionOf(learned, test.description)
  const draws = Array.from({ length: 20 }, (_, g) => [0, 1, 2, 3].map(i => 4 * g + i))
  const trials = (method: Partial<Method>): SideTrial[] =>
    trialsOf({ name: 'some', size: SIZE, ...method }, draws, { test, seed: SEED })
  const agreed = (method: Partial<Method>): number => mean(trials(method).map(({ agrees }) => agrees))

  it('are one for each query of each group and set of stragglers', () => {
    assert.equal(trials({}).length, draws.length * SETS * SIZE.k)
  })

  it('are better with a student, and better still with a description that is better', () => {
    const [copies, both, joint] = [agreed({}), agreed({ student }), agreed({ student, description })]
    assert.ok(copies < both && both < joint, `${copies}, ${both}, ${joint}`)
  })

  it('are better with exits that stragglers came to, and no other without', () => {
    const of = exitsOf(side.exits, [test.exit])
    const [copies, dead, slow] = [agreed({}), agreed({ exits: { of, done: 0 } }), agreed({ exits: { of, done: 0.4 } })]
    assert.equal(dead, copies)
    const evenly = agreed({ exits: { of, done: 'even' } })
    assert.ok(copies < evenly && evenly < slow, `${copies}, ${evenly}, ${slow}`)
  })

  it('are exact where the master has time to run all that is missing', () => {
    assert.equal(agreed({ student, rescued: SIZE.k }), 1)
  })

  it('take no prediction of a silent student', () => {
    const guesses = trials({ student, silent: true }).filter(({ lost, agrees }) => lost && agrees === 1 / CLASSES)
    assert.ok(guesses.length > 0)
  })

  it('have the advisor take the companions that are of use', () => {
    const profile = profileOf(calibrated({ k: 4, n: 12 }, () => 0.5))
    const chosen = (among: Parameters<typeof autoPlan>[2]) => {
      const { student: asked, description: described } = autoPlan(profile, SIZE, among)
      return [asked, described]
    }
    assert.deepEqual(chosen({ student }), [true, undefined])
    assert.deepEqual(chosen({ student: useless }), [undefined, undefined])
    assert.equal(chosen({ student: useless, description })[1], true)
  })
})
