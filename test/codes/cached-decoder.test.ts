import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cachedDecoder, InvalidCodeError, InvalidSurvivorsError, linearDecoder, nercc } from '../../src/codes/index.ts'

describe('cachedDecoder', () => {
  it('computes the operator of a survivor set once, while it is among those used last', () => {
    const computed: string[] = []
    const inner = linearDecoder(nercc({ k: 2, n: 6 }))
    const decoder = cachedDecoder(
      {
        select(survivors) {
          computed.push(survivors.join())
          return inner.select(survivors)
        }
      },
      2
    )
    const first = decoder.select([0, 1])
    assert.equal(decoder.select([0, 1]), first)
    decoder.select([2])
    decoder.select([0, 1])
    decoder.select([3])
    assert.deepEqual(computed, ['0,1', '2', '3'], 'each set was computed once')
    decoder.select([0, 1])
    decoder.select([2])
    assert.deepEqual(computed, ['0,1', '2', '3', '2'], 'the set used least recently had been dropped, and only that')
  })

  it('does not follow changes that a caller makes to his survivors', () => {
    const decoder = cachedDecoder(linearDecoder(nercc({ k: 2, n: 6 })))
    const survivors = [0, 1]
    const operator = decoder.select(survivors)
    survivors.push(2)
    assert.deepEqual(operator.survivors, [0, 1])
  })

  it('refuses what its decoder refuses, every time, and a capacity below 1', () => {
    const decoder = cachedDecoder(linearDecoder(nercc({ k: 2, n: 6 })))
    for (let again = 0; again < 2; again++) assert.throws(() => decoder.select([6]), InvalidSurvivorsError)
    assert.throws(() => cachedDecoder(decoder, 0), InvalidCodeError)
  })
})
