import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type CalibratedCode,
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

function calibrated(more: Partial<CalibratedCode> = {}): CalibratedCode {
  const source = synthetic(1)
  const groups = Array.from({ length: 20 }, () => outputsOf(source, profileCode({ code })))
  const few = [1, 2, 3, 4, 5].map(survivors => ({ survivors, exact: 0, lost: 0, mse: 2.5, agreement: 0.75 }))
  return {
    code,
    order: 'path',
    decoders: [{ survivors: 3, decoder: 'covariance', epsilon: 1e-3 }],
    moments: secondMoments(groups, { n: 6, k: 3, outputs: 'logits' }),
    reliability: [{ survivors: 3, scale: 1.25, agreement: { from: [-1, 2], to: [0.25, 0.75] } }],
    locator: { threshold: 7.5, falseAlarms: 0.01 },
    expected: [...few, { survivors: 6, exact: 0.5, lost: 0.25, mse: 0.125, agreement: 1, accuracy: 0.875 }],
    ...more
  }
}

function profile(more: Partial<Profile> = {}): Profile {
  return {
    version: 2,
    model: '0123456789abcdef'.repeat(4),
    output: 'logits',
    outputs: 'logits',
    width: 4,
    queryBytes: 64,
    accuracy: 0.9375,
    plans: [calibrated(), calibrated({ order: 'none', reliability: [] })],
    calibration: { groups: 20, tuning: 4, heldBack: 7, seed: -3 },
    ...more
  }
}

/** The profile as JSON, after a change of its parts that no type would allow. */
function changed(change: (plain: Record<string, unknown>) => object): string {
  return JSON.stringify(change(JSON.parse(formatProfile(profile()))))
}

/** The same, after a change of its first plan. */
function changedPlan(change: (plain: Record<string, unknown>) => object): string {
  return changed(({ plans, ...plain }) => {
    const [first, ...others] = plans as Record<string, unknown>[]
    return { ...plain, plans: [change(first), ...others] }
  })
}

describe('a profile', () => {
  it('comes back from JSON as it was, moments to the last bit', () => {
    const before = profile()
    const after = parseProfile(formatProfile(before))
    assert.equal(formatProfile(after), formatProfile(before))
    assert.equal(after.accuracy, 0.9375)
    after.plans.forEach(({ moments, expected, ...rest }, i) => {
      assert.deepEqual(moments.matrix, before.plans[i].moments.matrix)
      assert.deepEqual(JSON.parse(JSON.stringify(expected)), before.plans[i].expected)
      const { order, decoders, reliability, locator } = before.plans[i]
      assert.deepEqual(JSON.parse(JSON.stringify(rest)), { code, order, decoders, reliability, locator })
    })
  })

  it('keeps the mean of values, and leaves out what there is not where there are no classes', () => {
    const { moments } = calibrated()
    const expected = [1, 2, 3, 4, 5, 6].map(survivors => ({ survivors, exact: 1, lost: 0 }))
    const plan = calibrated({ moments: { ...moments, outputs: 'values', mean: Float64Array.of(1, 2) }, expected })
    const after = parseProfile(formatProfile(profile({ outputs: 'values', accuracy: undefined, plans: [plan] })))
    assert.deepEqual(after.plans[0].moments.mean, Float64Array.of(1, 2))
    assert.deepEqual([after.accuracy, after.plans[0].expected[0].mse], [undefined, undefined])
  })

  it('decodes by the decoder of the nearest number of survivors, whose operators say how unsure they are', () => {
    const source = synthetic(2)
    const { moments } = calibrated()
    const made = profileCode({ code })
    const plan = calibrated({
      decoders: [
        { survivors: 2, decoder: 'covariance', epsilon: 1e-2 },
        { survivors: 5, decoder: 'linear', epsilon: 1e-3 }
      ]
    })
    for (const [survivors, direct] of [
      [[0, 2, 5], covarianceDecoder({ code: made, moments, epsilon: 1e-2 })],
      [[0, 2, 4, 5], linearDecoder(made)]
    ] as const) {
      const results = survivors.map(() => Tensor.float32(source.model(source.query())))
      const operator = profileDecoder(plan).select(survivors)
      assert.deepEqual(operator.apply(results), direct.select(survivors).apply(results), `survivors ${survivors}`)
      assert.ok(
        operator.variances?.every(variance => variance > 0),
        `variances ${operator.variances}`
      )
    }
  })

  const refusals: Array<{ what: string; text: () => string; message: RegExp }> = [
    { what: 'what is no JSON', text: () => '{', message: /a profile is JSON/ },
    { what: 'another kind of JSON', text: () => '[]', message: /a profile is an object with version; got a list of 0/ },
    {
      what: 'an older version',
      text: () => changed(plain => ({ ...plain, version: 1 })),
      message: /a profile of version 1, and version 2 is read here: calibrate again/
    },
    {
      what: 'a model that is no sha-256',
      text: () => changed(plain => ({ ...plain, model: 'lenet5' })),
      message: /model of a profile is a sha-256.*got "lenet5"/
    },
    {
      what: 'a part that is missing',
      text: () => changed(({ calibration, ...plain }) => plain),
      message: /a profile is an object with calibration/
    },
    {
      what: 'a part that it does not know',
      text: () => changed(plain => ({ ...plain, moments: {} })),
      message: /a profile is an object of version, .* nothing else such as moments/
    },
    {
      what: 'no plan',
      text: () => changed(plain => ({ ...plain, plans: [] })),
      message: /plans of a profile is a list of at least one plan/
    },
    {
      what: 'two plans that nobody could choose between',
      text: () => changed(plain => ({ ...plain, plans: [0, 0].map(i => (plain.plans as object[])[i]) })),
      message: /plans of a profile is .* no two of the same code, options and order/
    },
    {
      what: 'an unknown code',
      text: () => changedPlan(plain => ({ ...plain, code: { ...code, name: 'magic' } })),
      message: /plans\[0\]\.code\.name of a profile is one of uncoded, .*; got "magic"/
    },
    {
      what: 'an option of the code that is not understood',
      text: () => changedPlan(plain => ({ ...plain, code: { ...code, lambda: 1 } })),
      message: /code of a profile is an object of name, .* nothing else such as lambda/
    },
    {
      what: 'a code that does not exist',
      text: () => changedPlan(plain => ({ ...plain, code: { ...code, name: 'bacc' } })),
      message: /code of a profile is a code that exists: bacc has no smoothing parameters/
    },
    {
      what: 'a K of the wrong kind',
      text: () => changedPlan(plain => ({ ...plain, code: { ...code, k: '3' } })),
      message: /code\.k of a profile is a whole number ≥ 1; got "3"/
    },
    {
      what: 'moments of another K and N',
      text: () => changedPlan(plain => ({ ...plain, code: { ...code, n: 7 } })),
      message: /moments\.triangle of a profile is a list of 55 numbers; got a list of 45/
    },
    {
      what: 'a number that is not finite',
      text: () => changed(plain => plain).replace(/"triangle":\[[^,]*/, '"triangle":[1e999'),
      message: /moments\.triangle\[0\] of a profile is a finite number; got Infinity/
    },
    {
      what: 'moments that are none',
      text: () =>
        changedPlan(plain => ({ ...plain, moments: { triangle: Array.from({ length: 45 }, (_, i) => 45 - i) } })),
      message: /moments of a profile is second moments: C\[1, 0\]/
    },
    {
      what: 'an agreement above 1',
      text: () =>
        changedPlan(plain => ({ ...plain, expected: [{ survivors: 1, exact: 0, lost: 0, mse: 1, agreement: 1.5 }] })),
      message: /expected\[0\]\.agreement of a profile is a finite number ≥ 0 and ≤ 1; got 1\.5/
    },
    {
      what: 'expectations that are not of every number of survivors',
      text: () => changedPlan(plain => ({ ...plain, expected: (plain.expected as object[]).slice(1) })),
      message: /expected of a profile is a list for each number of survivors from 1 to 6/
    },
    {
      what: 'a negative ε',
      text: () => changedPlan(plain => ({ ...plain, decoders: [{ survivors: 1, decoder: 'linear', epsilon: -1 }] })),
      message: /decoders\[0\]\.epsilon of a profile is a finite number ≥ 0; got -1/
    },
    {
      what: 'a decoder that it does not know',
      text: () => changedPlan(plain => ({ ...plain, decoders: [{ survivors: 1, decoder: 'best', epsilon: 0 }] })),
      message: /decoders\[0\]\.decoder of a profile is one of covariance, linear/
    },
    {
      what: 'no decoder',
      text: () => changedPlan(plain => ({ ...plain, decoders: [] })),
      message: /decoders of a profile is a list of at least one decoder/
    },
    {
      what: 'decoders for more survivors than there can be',
      text: () => changedPlan(plain => ({ ...plain, decoders: [{ survivors: 7, decoder: 'linear', epsilon: 0 }] })),
      message: /decoders of a profile is a list that ascends by survivors, up to 6/
    },
    {
      what: 'a reliability that falls as scores rise',
      text: () =>
        changedPlan(plain => ({
          ...plain,
          reliability: [{ survivors: 1, scale: 1, agreement: { from: [0, 1], to: [0.5, 0.25] } }]
        })),
      message: /reliability\[0\]\.agreement of a profile is an ascending map to probabilities/
    },
    {
      what: 'a locator without its threshold',
      text: () => changedPlan(plain => ({ ...plain, locator: { falseAlarms: 0 } })),
      message: /locator of a profile is an object with threshold/
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
