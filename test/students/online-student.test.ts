import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Random, random } from '../../src/chance/index.ts'
import { whole } from '../../src/codes/index.ts'
import { LAMBDAS, noSums, OnlineStudent, readOut, ridge } from '../../src/students/index.ts'
import { addingUp } from '../../src/students/ridge.ts'

const FEATURES = 24
const CLASSES = 4

interface Query {
  features: Float32Array
  own: Float32Array
}

/** A model that is nearly linear in what the student sees of a query. */
function lawOf(seed: number): (chance: Random) => Query {
  const coins = random(seed)
  const weights = Float32Array.from({ length: FEATURES * CLASSES }, () => coins() - 0.5)
  return chance => {
    const features = Float32Array.from({ length: FEATURES }, () => chance() - 0.5)
    const straight = readOut({ weights, biases: new Float32Array(CLASSES) }, features)
    return { features, own: straight.map(value => value + 0.5 * (chance() - 0.5)) }
  }
}

/** Serves so many queries; what is due is done between them. */
function serve(student: OnlineStudent, count: number, next: () => Query): void {
  for (let i = 0; i < count; i++) {
    const { features, own } = next()
    student.learn(features, own)
    if (student.due) whole(student.improve())
  }
}

/** How many queries it takes until `reached` holds. */
function served(student: OnlineStudent, next: () => Query, reached: () => boolean): number {
  for (let count = 1; count <= 2000; count++) {
    serve(student, 1, next)
    if (reached()) return count
  }
  return Infinity
}

function argmax(values: Float32Array): number {
  return values.indexOf(Math.max(...values))
}

function newStudent(): OnlineStudent {
  return new OnlineStudent({ features: FEATURES, classes: CLASSES })
}

describe('a student that learns while it serves', () => {
  const law = lawOf(3)

  it('names the class of the model as often as one that was fitted to all the queries at once', () => {
    const chance = random(11)
    const queries = Array.from({ length: 3000 }, () => law(chance))
    const student = newStudent()
    let at = 0
    serve(student, queries.length, () => queries[at++])
    const sums = noSums(FEATURES, CLASSES)
    const rows = queries.map(({ features, own }) => Float32Array.of(...features, 1, ...own))
    whole(addingUp(sums, rows, 1))
    const offline = ridge(sums, LAMBDAS[0])
    const fresh = Array.from({ length: 2000 }, () => law(chance))
    const agreeing = (say: (features: Float32Array) => Float32Array): number =>
      fresh.filter(({ features, own }) => argmax(say(features)) === argmax(own)).length
    const [online, expected] = [
      agreeing(features => student.answer(features)?.logits ?? new Float32Array(CLASSES)),
      agreeing(features => readOut(offline, features))
    ]
    assert.ok(student.on)
    assert.ok(online >= 0.98 * expected, `${online} of 2000 agree, ${expected} of the one fitted at once`)
  })

  it('promises an agreement that it keeps', () => {
    const chance = random(12)
    const student = newStudent()
    serve(student, 2000, () => law(chance))
    const fresh = Array.from({ length: 2000 }, () => law(chance))
    const answers = fresh.map(({ features, own }) => ({ own, ...student.answer(features) }))
    const promised = answers.reduce((sum, { expected }) => sum + (expected?.agreement ?? 0), 0) / fresh.length
    const kept = answers.filter(({ logits, own }) => logits && argmax(logits) === argmax(own)).length / fresh.length
    assert.ok(Math.abs(promised - kept) < 0.05, `promised ${promised}, kept ${kept}`)
  })

  it('is silent before it was judged, and on soon after', () => {
    const chance = random(13)
    const student = newStudent()
    serve(student, 399, () => law(chance))
    assert.equal(student.on, false)
    assert.equal(student.answer(law(chance).features), undefined)
    assert.ok(
      served(
        student,
        () => law(chance),
        () => student.on
      ) <= 201
    )
  })

  it('is off within 500 queries of another kind, and on again once it has learned those', () => {
    const chance = random(14)
    const student = newStudent()
    serve(student, 2100, () => law(chance))
    assert.ok(student.on)
    const other = lawOf(4)
    const off = served(
      student,
      () => other(chance),
      () => !student.on
    )
    assert.ok(off <= 500, `it was off after ${off} queries`)
    const on = served(
      student,
      () => other(chance),
      () => student.on
    )
    assert.ok(on <= 1000, `it was on again after ${on} more`)
  })

  it('stays off where the model names classes by chance', () => {
    const chance = random(15)
    const student = newStudent()
    const never = served(
      student,
      () => ({ ...law(chance), own: Float32Array.from({ length: CLASSES }, () => chance()) }),
      () => student.on
    )
    assert.equal(never, Infinity)
  })

  it('stays off where the model always names the same class: no answer is needed to know that', () => {
    const chance = random(16)
    const student = newStudent()
    const always = (): Query => {
      const { features, own } = law(chance)
      return { features, own: own.map((value, i) => (i === 0 ? 100 : value)) }
    }
    assert.equal(
      served(student, always, () => student.on),
      Infinity
    )
  })

  it('keeps no more queries than two blocks, however many are served before it improves', () => {
    const chance = random(17)
    const student = newStudent()
    for (let i = 0; i < 1000; i++) {
      const { features, own } = law(chance)
      student.learn(features, own)
    }
    let blocks = 0
    for (; student.due; blocks++) whole(student.improve())
    assert.equal(blocks, 2)
  })
})
