import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { codeFamily, codes, InvalidCodeError, nercc, UnknownCodeError } from '../../src/codes/index.ts'

describe('the registry of codes', () => {
  it('finds every family by its own name', () => {
    assert.deepEqual(Object.keys(codes), [
      'uncoded',
      'replication',
      'lagrange',
      'bacc',
      'approxifer',
      'nercc',
      'chords',
      'parm'
    ])
    for (const [name, family] of Object.entries(codes)) assert.equal(codeFamily(name), family)
  })

  it('names the codes that it knows when asked for another', () => {
    for (const name of ['turbo', '', 'toString', '__proto__']) {
      assert.throws(
        () => codeFamily(name),
        (error: unknown) =>
          error instanceof UnknownCodeError &&
          error.message.includes('uncoded, replication, lagrange, bacc, approxifer, nercc, chords')
      )
    }
  })

  it('hands λ to NeRCC and refuses it for every code that has none', () => {
    const options = { k: 3, n: 3, lambdaEncode: 1e-3, lambdaDecode: 1e-2 }
    assert.deepEqual(codes.nercc.create(options).encodingMatrix, nercc(options).encodingMatrix)
    for (const family of Object.values(codes).filter(({ name }) => name !== 'nercc')) {
      assert.throws(() => family.create(options), InvalidCodeError, `${family.name} accepts λ`)
      assert.equal(family.create({ k: 3, n: 3, lambdaEncode: 0 }).k, 3)
    }
  })

  it('hands the degree to Lagrange and refuses it for every code that knows no polynomials', () => {
    assert.deepEqual(codes.lagrange.create({ k: 3, n: 6, degree: 2 }).recoverable([0, 1, 2, 3]), [false, false, false])
    for (const family of Object.values(codes).filter(({ name }) => name !== 'lagrange')) {
      assert.throws(() => family.create({ k: 3, n: 3, degree: 1 }), InvalidCodeError, `${family.name} accepts a degree`)
    }
  })

  it('refuses a layout that a family does not have', () => {
    assert.throws(
      () => codes.replication.create({ k: 3, n: 6, layout: 'paper' }),
      /has no paper layout; it has: systematic/
    )
    assert.throws(() => codes.approxifer.create({ k: 3, n: 6, layout: 'systematic' }), InvalidCodeError)
  })

  it('says that uncoded sends each query once, when asked for another n', () => {
    assert.throws(() => codes.uncoded.create({ k: 4, n: 12 }), /uncoded sends each query exactly once, so n is k = 4/)
  })
})
