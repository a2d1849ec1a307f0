import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { codeFamily, codes, InvalidCodeError, nercc, UnknownCodeError } from '../../src/codes/index.ts'

describe('the registry of codes', () => {
  it('finds every family by its own name', () => {
    assert.deepEqual(Object.keys(codes), ['uncoded', 'replication', 'bacc', 'nercc'])
    for (const [name, family] of Object.entries(codes)) assert.equal(codeFamily(name), family)
  })

  it('names the codes that it knows when asked for another', () => {
    for (const name of ['turbo', '', 'toString', '__proto__']) {
      assert.throws(
        () => codeFamily(name),
        (error: unknown) =>
          error instanceof UnknownCodeError && error.message.includes('uncoded, replication, bacc, nercc')
      )
    }
  })

  it('hands λ to NeRCC and refuses it for every code that has none', () => {
    const options = { k: 3, n: 3, lambdaEncode: 1e-3, lambdaDecode: 1e-2 }
    assert.deepEqual(codes.nercc.create(options).encodingMatrix, nercc(options).encodingMatrix)
    for (const family of [codes.uncoded, codes.replication, codes.bacc]) {
      assert.throws(() => family.create(options), InvalidCodeError, `${family.name} accepts λ`)
      assert.equal(family.create({ k: 3, n: 3, lambdaEncode: 0 }).k, 3)
    }
  })

  it('says that uncoded sends each query once, when asked for another n', () => {
    assert.throws(() => codes.uncoded.create({ k: 4, n: 12 }), /uncoded sends each query exactly once, so n is k = 4/)
  })
})
