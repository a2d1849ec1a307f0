import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  covarianceDecoder,
  formatProfile,
  InvalidProfileError,
  linearDecoder,
  type Profile,
  parseProfile,
  profileCode,
  profileDecoder,
  secondMoments
} from '../../src/codes/index.ts'
import { Tensor } from '../../src/tensor/index.ts'
import { outputsOf, synthetic } from './synthetic.ts'

const code = { name: 'nercc', k: 3, n: 6, lambdaEncode: 0, lambdaDecode: 1e-5 } as const

function profile(more: Partial<Profile> = {}): Profile {
  const source = synthetic(1)
  const groups = Array.from({ length: 20 }, () => outputsOf(source, profileCode({ code })))
  return {
    version: 1,
    model: '0123456789abcdef'.repeat(4),
    output: 'logits',
    outputs: 'logits',
    code,
    order: 'path',
    decoder: 'covariance',
    epsilon: 1e-3,
    moments: secondMoments(groups, { n: 6, k: 3, outputs: 'logits' }),
    expected: [
      { survivors: 3, mse: 2.5, agreement: 0.75 },
      { survivors: 6, mse: 0.125, agreement: 1 }
    ],
    calibration: { groups: 20, tuning: 4, heldBack: 7, seed: -3 },
    ...more
  }
}

/** The profile as JSON, after a change of its parts that no type would allow. */
function changed(change: (plain: Record<string, unknown>) => object): string {
  return JSON.stringify(change(JSON.parse(formatProfile(profile()))))
}

describe('a profile', () => {
  it('comes back from JSON as it was, moments to the last bit', () => {
    const before = profile()
    const after = parseProfile(formatProfile(before))
    assert.deepEqual(after.moments.matrix, before.moments.matrix)
    assert.equal(formatProfile(after), formatProfile(before))
    assert.deepEqual(
      after.expected.map(({ survivors, mse, agreement }) => [survivors, mse, agreement]),
      [
        [3, 2.5, 0.75],
        [6, 0.125, 1]
      ]
    )
  })

  it('keeps the mean of values, and leaves agreement out where there are no classes', () => {
    const { moments } = profile()
    const values = profile({
      outputs: 'values',
      moments: { ...moments, outputs: 'values', mean: Float64Array.of(1, 2) },
      expected: [{ survivors: 6, mse: 1 }]
    })
    const after = parseProfile(formatProfile(values))
    assert.deepEqual(after.moments.mean, Float64Array.of(1, 2))
    assert.equal(after.expected[0].agreement, undefined)
  })

  it('decodes by the decoder that it names', () => {
    const survivors = [0, 2, 5]
    const source = synthetic(2)
    const results = survivors.map(() => Tensor.float32(source.model(source.query())))
    const { moments, epsilon } = profile()
    const made = profileCode({ code })
    for (const [decoder, direct] of [
      ['covariance', covarianceDecoder({ code: made, moments, epsilon })],
      ['linear', linearDecoder(made)]
    ] as const) {
      const decoded = profileDecoder(profile({ decoder })).select(survivors).apply(results)
      assert.deepEqual(decoded, direct.select(survivors).apply(results), decoder)
    }
  })

  const refusals: Array<{ what: string; text: () => string; message: RegExp }> = [
    { what: 'what is no JSON', text: () => '{', message: /a profile is JSON/ },
    { what: 'another kind of JSON', text: () => '[]', message: /a profile is an object with version; got a list of 0/ },
    {
      what: 'another version',
      text: () => changed(plain => ({ ...plain, version: 2 })),
      message: /a profile of version 2, and version 1 is read here/
    },
    {
      what: 'a model that is no sha-256',
      text: () => changed(plain => ({ ...plain, model: 'lenet5' })),
      message: /model of a profile is a sha-256.*got "lenet5"/
    },
    {
      what: 'a part that is missing',
      text: () => changed(({ expected, ...plain }) => plain),
      message: /a profile is an object with expected/
    },
    {
      what: 'an unknown code',
      text: () => changed(plain => ({ ...plain, code: { ...code, name: 'magic' } })),
      message: /code\.name of a profile is one of uncoded, .*; got "magic"/
    },
    {
      what: 'an option of the code that is not understood',
      text: () => changed(plain => ({ ...plain, code: { ...code, lambda: 1 } })),
      message: /code of a profile is an object of name, .* nothing else such as lambda/
    },
    {
      what: 'a code that does not exist',
      text: () => changed(plain => ({ ...plain, code: { ...code, name: 'bacc' } })),
      message: /code of a profile is a code that exists: bacc has no smoothing parameters/
    },
    {
      what: 'a K of the wrong kind',
      text: () => changed(plain => ({ ...plain, code: { ...code, k: '3' } })),
      message: /code\.k of a profile is a whole number ≥ 1; got "3"/
    },
    {
      what: 'moments of another K and N',
      text: () => changed(plain => ({ ...plain, code: { ...code, n: 7 } })),
      message: /moments\.triangle of a profile is a list of 55 numbers; got a list of 45/
    },
    {
      what: 'a number that is not finite',
      text: () => changed(plain => plain).replace(/"triangle":\[[^,]*/, '"triangle":[1e999'),
      message: /moments\.triangle\[0\] of a profile is a finite number; got Infinity/
    },
    {
      what: 'moments that are none',
      text: () => changed(plain => ({ ...plain, moments: { triangle: Array.from({ length: 45 }, (_, i) => 45 - i) } })),
      message: /moments of a profile is second moments: C\[1, 0\]/
    },
    {
      what: 'an agreement above 1',
      text: () => changed(plain => ({ ...plain, expected: [{ survivors: 2, mse: 1, agreement: 1.5 }] })),
      message: /expected\[0\]\.agreement of a profile is a finite number ≥ 0 and ≤ 1; got 1\.5/
    },
    {
      what: 'more survivors than coded queries',
      text: () => changed(plain => ({ ...plain, expected: [{ survivors: 7, mse: 1 }] })),
      message: /expected\[0\]\.survivors of a profile is a whole number ≥ 1 and ≤ 6; got 7/
    },
    {
      what: 'expectations that do not ascend',
      text: () => changed(plain => ({ ...plain, expected: [2, 2].map(survivors => ({ survivors, mse: 1 })) })),
      message: /expected of a profile is a list that ascends/
    },
    {
      what: 'a negative ε',
      text: () => changed(plain => ({ ...plain, epsilon: -1 })),
      message: /epsilon of a profile is a finite number ≥ 0; got -1/
    },
    {
      what: 'a decoder that it does not know',
      text: () => changed(plain => ({ ...plain, decoder: 'best' })),
      message: /decoder of a profile is one of covariance, linear/
    },
    {
      what: 'a calibration without held-back groups',
      text: () => changed(plain => ({ ...plain, calibration: { groups: 3, tuning: 1, heldBack: 0, seed: 1 } })),
      message: /calibration\.heldBack of a profile is a whole number ≥ 1; got 0/
    }
  ]
  for (const { what, text, message } of refusals) {
    it(`refuses ${what}, and says so`, () => {
      assert.throws(
        () => parseProfile(text()),
        error => error instanceof InvalidProfileError && message.test(error.message),
        `expected an InvalidProfileError like ${message}`
      )
    })
  }
})
