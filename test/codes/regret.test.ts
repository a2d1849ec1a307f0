import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { random, shuffled } from '../../src/chance/index.ts'
import { GroupSizeError, regret } from '../../src/codes/index.ts'

const CLASSES = 4
/** Of its class the model is sure, or hesitates between it and the next. */
const sure = (named: number) => Float32Array.from({ length: CLASSES }, (_, c) => (c === named ? 9 : 0))
const unsure = (named: number) =>
  Float32Array.from({ length: CLASSES }, (_, c) => [9, 8.95][(c - named + CLASSES) % CLASSES] ?? 0)
const next = (named: number) => (named + 1) % CLASSES

describe('the regret of a companion', () => {
  const named = Array.from({ length: 4000 }, (_, i) => i % CLASSES)

  it('is nothing where it names the classes of the model, however unsure', () => {
    assert.equal(regret(named.map(unsure), named.map(sure)), 0)
  })

  it('is next to nothing for what the model holds for nearly as likely, and all for what it does not', () => {
    const others = named.map(next).map(sure)
    assert.ok(regret(others, named.map(unsure)) < 0.1)
    const impossible = regret(others, named.map(sure))
    assert.ok(impossible > 0.99 && impossible <= 1.01, `${impossible}`)
  })

  it('is that of a guess for answers that have nothing to do with the query, be the model sure or not', () => {
    const answers = shuffled(named, random(1)).map(sure)
    for (const own of [named.map(sure), named.map(unsure)]) {
      const value = regret(answers, own)
      assert.ok(Math.abs(value - (1 - 1 / CLASSES)) < 0.03, `${value}`)
    }
  })

  it('is nothing where the model itself only guesses', () => {
    const flat = named.map(() => new Float32Array(CLASSES))
    assert.equal(regret(named.map(sure), flat), 0)
  })

  it('takes an answer to each query', () => {
    assert.throws(() => regret([], []), GroupSizeError)
    assert.throws(() => regret([sure(0)], [sure(0), sure(1)]), GroupSizeError)
  })
})
