import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chords, withStudent } from '../../scripts/reproduce/chords.ts'
import { learnedDecode, learnMoments } from '../../scripts/reproduce/decoders.ts'
import { normal } from '../../scripts/reproduce/draws.ts'
import { temperedSoftmax } from '../../scripts/reproduce/tempered.ts'
import { random } from '../../src/simulation/index.ts'

describe('chords', () => {
  it('put as many coded queries near each query, and mix neighbours by nearness', () => {
    const { encodingMatrix } = chords({ k: 3, n: 9 })
    const rows = Array.from({ length: 9 }, (_, i) => [...encodingMatrix.subarray(3 * i, 3 * i + 3)])
    const third = 1 / 3
    const expected = [
      [1, 0, 0],
      [1, 0, 0],
      [1 - third, third, 0],
      [third, 1 - third, 0],
      [0, 1, 0],
      [0, 1 - third, third],
      [0, third, 1 - third],
      [0, 0, 1],
      [0, 0, 1]
    ]
    rows.flat().forEach((entry, at) => {
      assert.ok(
        Math.abs(entry - expected.flat()[at]) < 1e-15,
        `row ${Math.floor(at / 3)} is ${rows[Math.floor(at / 3)]}`
      )
    })
  })

  it('stand for a single query N times', () => {
    assert.deepEqual([...chords({ k: 1, n: 3 }).encodingMatrix], [1, 1, 1])
  })
})

describe('a student beside the coded results', () => {
  it('answers for queries of which no result survives', () => {
    const [k, n, classes] = [2, 4, 3]
    const chance = random(3)
    const vector = (): Float32Array => Float32Array.from({ length: classes }, () => 5 * normal(chance))
    const coded = Array.from({ length: 200 }, () => {
      // Queries so unlike that nothing is known of one from the other, and a student that is nearly right.
      const logits = [vector(), vector()]
      const student = logits.map(own => own.map(value => value + 0.1 * normal(chance)))
      const results = [logits[0], logits[0], logits[1], logits[1]]
      return { results, group: { members: [], images: [], labels: [0, 0], logits, probabilities: [], student } }
    })
    const code = withStudent(chords({ k, n }))
    const moments = learnMoments(code, coded, true)
    const decode = learnedDecode({ code, moments, epsilon: 1e-4, tempered: false, student: true })
    const [{ group }] = coded
    const [, second] = decode([0, 1], coded[0])
    const largest = (values: Float32Array): number => values.indexOf(values.reduce((a, b) => Math.max(a, b)))
    assert.ok(second !== undefined, 'a query that the student answers is not lost')
    assert.equal(largest(second), largest(group.logits[1]), 'the class is the student’s')
  })
})

describe('tempered probabilities', () => {
  it('are the softmax where nothing is unsure, and go to uniform as the variance grows', () => {
    const logits = Float32Array.of(2, 0, -2)
    const [sure, unsure, lost] = [0, 10, 1e12].map(variance => temperedSoftmax(logits, variance))
    assert.ok(Math.abs(sure[0] - 1 / (1 + Math.exp(-2) + Math.exp(-4))) < 1e-6, `got ${sure}`)
    assert.ok(unsure[0] < sure[0] && unsure[0] > lost[0], 'less sure, of the same class')
    assert.ok(Math.abs(lost[0] - 1 / 3) < 1e-5, `uniform, got ${lost}`)
  })
})
