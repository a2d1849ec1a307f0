import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { random } from '../../src/chance/index.ts'
import { GroupSizeError, learnConfidence, readLogits, softmax } from '../../src/codes/index.ts'

const CLASSES = 5

/** The model's logits of `count` queries, and a companion's: the same with noise, on another scale. */
function queries(count: number, { noise, scale, seed }: { noise: number; scale: number; seed: number }) {
  const chance = random(seed)
  const logits = () => Float32Array.from({ length: CLASSES }, () => 8 * (chance() - 0.5))
  const own = Array.from({ length: count }, logits)
  const answers = own.map(each => each.map(logit => scale * (logit + noise * 8 * (chance() - 0.5))))
  return { own, answers }
}

function share(hits: readonly boolean[]): number {
  return hits.filter(Boolean).length / hits.length
}

function argmax(values: Float32Array): number {
  return values.indexOf(Math.max(...values))
}

describe('the confidence of a companion', () => {
  it('says how often its class is the one of the model, of unsure answers as of sure ones', () => {
    const learned = queries(2000, { noise: 0.8, scale: 3, seed: 1 })
    const confidence = learnConfidence(learned.answers, learned.own)
    const { own, answers } = queries(2000, { noise: 0.8, scale: 3, seed: 2 })
    const read = answers.map((answer, i) => {
      const { logits, expected } = readLogits(confidence, answer)
      return { agreement: expected.agreement ?? Number.NaN, agrees: argmax(logits) === argmax(own[i]) }
    })
    const bySureness = read.toSorted((a, b) => a.agreement - b.agreement)
    for (const from of [0, 500, 1000, 1500]) {
      const part = bySureness.slice(from, from + 500)
      const said = part.reduce((sum, { agreement }) => sum + agreement, 0) / part.length
      const seen = share(part.map(({ agrees }) => agrees))
      assert.ok(Math.abs(said - seen) < 0.06, `quarter ${from / 500}: ${said} is said, ${seen} is seen`)
    }
  })

  it('brings logits back to the scale of the model', () => {
    const { own, answers } = queries(500, { noise: 0, scale: 0.1, seed: 3 })
    const confidence = learnConfidence(answers, own)
    assert.ok(Math.abs(confidence.scale - 10) < 0.05, `${confidence.scale}`)
    const { logits } = readLogits(confidence, answers[0])
    softmax(logits).forEach((p, i) => {
      assert.ok(Math.abs(p - softmax(own[0])[i]) < 1e-3)
    })
  })

  it('promises next to nothing of answers that have nothing to do with the query', () => {
    const { own, answers } = queries(1000, { noise: 0, scale: 1, seed: 4 })
    const others = [...answers.slice(1), answers[0]]
    const confidence = learnConfidence(others, own)
    const agreements = others.map(answer => readLogits(confidence, answer).expected.agreement ?? Number.NaN)
    assert.ok(Math.max(...agreements) < 0.4, `${Math.max(...agreements)} where a guess has ${1 / CLASSES}`)
  })

  it('cannot be learned without answers of both', () => {
    assert.throws(() => learnConfidence([], []), GroupSizeError)
    assert.throws(() => learnConfidence([Float32Array.of(1, 2)], []), GroupSizeError)
  })
})
