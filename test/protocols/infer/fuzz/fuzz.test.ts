import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fuzz } from './fuzz.ts'

describe('the decoder, fed 20,000 mutated frames,', () => {
  it('refuses them by its own error or reads them, and at least 30 % get past the header', () => {
    const { cases, passedHeader, refused } = fuzz(1, 20_000)
    assert.ok(passedHeader >= 0.3 * cases, `only ${passedHeader} of ${cases} got past the header`)
    assert.ok(refused >= 0.1 * cases, `only ${refused} of ${cases} were refused: the mutations are too tame`)
  })
})
