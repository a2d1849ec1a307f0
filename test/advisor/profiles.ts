import { type CalibratedCode, type Expected, type Profile, profileCode, secondMoments } from '../../src/codes/index.ts'

const CLASSES = 10

/** A calibrated code whose reconstructed predictions agree in `agreement(survivors)` of the cases; not systematic. */
export function calibrated(
  size: { k: number; n: number },
  agreement: (survivors: number) => number = survivors => survivors / (size.n + 1)
): CalibratedCode {
  const code = { name: 'nercc', ...size } as const
  const expected = Array.from({ length: size.n }, (_, i): Expected => {
    const agreed = agreement(i + 1)
    return { survivors: i + 1, exact: 0, lost: 0, mse: 10 * (1 - agreed), agreement: agreed, accuracy: 0.9 * agreed }
  })
  return {
    code,
    order: 'path',
    decoders: [{ survivors: 1, decoder: 'linear', epsilon: 1e-3 }],
    moments: unitMoments(code),
    reliability: [],
    locator: { threshold: 9, falseAlarms: 0 },
    expected
  }
}

/** A classifier's profile with these plans. */
export function profileOf(...plans: CalibratedCode[]): Profile {
  return {
    version: 2,
    model: '0123456789abcdef'.repeat(4),
    output: 'logits',
    outputs: 'logits',
    width: CLASSES,
    queryBytes: 400,
    accuracy: 0.95,
    plans,
    calibration: { groups: 100, tuning: 20, heldBack: 30_000, seed: 1 }
  }
}

/** Of outputs that are 1 or −1 each: a guess, which says 0, has a squared error of one for each class. */
function unitMoments(code: CalibratedCode['code']) {
  const { n, k } = profileCode({ code })
  const sides = Float32Array.from({ length: CLASSES }, (_, c) => (c % 2 === 0 ? 1 : -1))
  return secondMoments([Array.from({ length: n + k }, () => sides)], { n, k, outputs: 'logits' })
}
