import { InvalidProfileError } from './errors.ts'
import type { MonotoneMap } from './isotonic.ts'
import { JsonPart } from './json-part.ts'
import { type Moments, type Outputs, requireMoments } from './moments.ts'
import type { OrderKind } from './order.ts'
import { type CalibratedCode, type ChosenDecoder, type Expected, type Profile, profileCode } from './profile.ts'
import type { Reliability } from './quality.ts'
import { type CodeName, codes } from './registry.ts'

const VERSION = 2
const ORDERS: readonly OrderKind[] = ['none', 'pca', 'path']
const OUTPUTS: readonly Outputs[] = ['logits', 'probabilities', 'values']
const DECODERS: ReadonlyArray<ChosenDecoder['decoder']> = ['covariance', 'linear']

/**
 * A profile as JSON. Moments are symmetric, so that only their lower triangle is written, row by row; `n`, `k` and
 * `outputs` stand once.
 */
export function formatProfile({ plans, ...profile }: Profile): string {
  return JSON.stringify({ ...profile, plans: plans.map(plan => ({ ...plan, moments: triangleOf(plan.moments) })) })
}

function triangleOf({ n, k, matrix, mean }: Moments): object {
  const triangle = Array.from({ length: n + k }, (_, i) => [...matrix.subarray(i * (n + k), i * (n + k) + i + 1)])
  return { triangle: triangle.flat(), mean: mean && [...mean] }
}

/**
 * Reads what {@link formatProfile} wrote, and believes none of it: it may come from another version or another person.
 *
 * @throws {InvalidProfileError} it is no JSON, of another version, or has a part that is missing, of another kind, of the
 *   wrong size, not finite or not known; the message names the part
 */
export function parseProfile(text: string): Profile {
  const root = JsonPart.read(text)
  const version = root.at('version').value
  if (version !== VERSION) {
    throw new InvalidProfileError(
      `this is a profile of version ${JSON.stringify(version)}, and version ${VERSION} is read here: calibrate again`
    )
  }
  const outputs = root.at('outputs').oneOf(OUTPUTS)
  const calibration = root.at('calibration')
  const profile = {
    version: VERSION,
    model: root.at('model').matching(/^[0-9a-f]{64}$/, 'a sha-256, 64 lower-case hexadecimal digits'),
    output: root.at('output').matching(/./, 'the name of an output'),
    outputs,
    width: root.at('width').whole(1),
    queryBytes: root.at('queryBytes').whole(1),
    accuracy: root.maybe('accuracy')?.number(0, 1),
    plans: plansOf(root.at('plans'), outputs),
    calibration: {
      groups: calibration.at('groups').whole(1),
      tuning: calibration.at('tuning').whole(1),
      heldBack: calibration.at('heldBack').whole(1),
      seed: calibration.at('seed').whole(Number.MIN_SAFE_INTEGER)
    }
  } as const
  calibration.only(Object.keys(profile.calibration))
  root.only(Object.keys(profile))
  return profile
}

function plansOf(part: JsonPart, outputs: Outputs): CalibratedCode[] {
  const plans = part.items().map(item => planOf(item, outputs))
  const identities = plans.map(({ code, order }) => JSON.stringify([code, order]))
  if (plans.length === 0 || new Set(identities).size < plans.length) {
    throw part.refused('a list of at least one plan, no two of the same code, options and order')
  }
  return plans
}

function planOf(part: JsonPart, outputs: Outputs): CalibratedCode {
  const code = codeOf(part.at('code'))
  const moments = momentsOf(part.at('moments'), { n: code.n, k: code.k, outputs })
  // Only now: the moments have bounded K and N by the length of the text, so that no small file makes a huge matrix.
  requireCode(part.at('code'), code)
  const plan = {
    code,
    order: part.at('order').oneOf(ORDERS),
    decoders: ascending(part.at('decoders'), code.n, decoderOf),
    moments,
    reliability: ascending(part.at('reliability'), code.n, reliabilityOf),
    locator: {
      threshold: part.at('locator').at('threshold').number(),
      falseAlarms: part.at('locator').at('falseAlarms').number(0, 1)
    },
    expected: expectedOf(part.at('expected'), code.n)
  }
  if (plan.decoders.length === 0) {
    throw part.at('decoders').refused('a list of at least one decoder')
  }
  part.at('locator').only(Object.keys(plan.locator))
  part.only(Object.keys(plan))
  return plan
}

/** A list whose items are each of a number of survivors. */
function ascending<T extends { survivors: number }>(part: JsonPart, n: number, read: (item: JsonPart) => T): T[] {
  const items = part.items().map(item => {
    const one = read(item)
    item.only(Object.keys(one))
    return one
  })
  if (items.some(({ survivors }, i) => survivors > n || (i > 0 && survivors <= items[i - 1].survivors))) {
    throw part.refused(`a list that ascends by survivors, up to ${n}`)
  }
  return items
}

function decoderOf(part: JsonPart): ChosenDecoder {
  return {
    survivors: part.at('survivors').whole(1),
    decoder: part.at('decoder').oneOf(DECODERS),
    epsilon: part.at('epsilon').number(0)
  }
}

function reliabilityOf(part: JsonPart): Reliability {
  const agreement = part.maybe('agreement')
  return {
    survivors: part.at('survivors').whole(1),
    scale: part.at('scale').number(0),
    agreement: agreement && monotoneMapOf(agreement)
  }
}

function monotoneMapOf(part: JsonPart): MonotoneMap {
  part.only(['from', 'to'])
  const from = part.at('from').numbers()
  const to = part.at('to').numbers(from.length)
  const ascends = (values: number[]) => values.every((value, i) => i === 0 || value >= values[i - 1])
  if (from.length === 0 || !ascends(from) || !ascends(to) || to[0] < 0 || to[to.length - 1] > 1) {
    throw part.refused('an ascending map to probabilities, of at least one point')
  }
  return { from, to }
}

function codeOf(part: JsonPart): CalibratedCode['code'] {
  const names = Object.values(codes).map(({ name }) => name)
  const name: CodeName = part.at('name').oneOf(names)
  const code = {
    name,
    k: part.at('k').whole(1),
    n: part.at('n').whole(1),
    layout: part.maybe('layout')?.oneOf(['paper', 'systematic'] as const),
    lambdaEncode: part.maybe('lambdaEncode')?.number(0),
    lambdaDecode: part.maybe('lambdaDecode')?.number(0),
    degree: part.maybe('degree')?.whole(1)
  }
  part.only(Object.keys(code))
  return code
}

function requireCode(part: JsonPart, code: CalibratedCode['code']): void {
  try {
    profileCode({ code })
  } catch (cause) {
    throw part.refused(`a code that exists: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
}

function momentsOf(part: JsonPart, about: Pick<Moments, 'n' | 'k' | 'outputs'>): Moments {
  part.only(['triangle', 'mean'])
  const size = about.n + about.k
  const triangle = part.at('triangle').numbers((size * (size + 1)) / 2)
  const matrix = new Float64Array(size * size)
  for (let i = 0, at = 0; i < size; i++) {
    for (let j = 0; j <= i; j++, at++) {
      matrix[i * size + j] = triangle[at]
      matrix[j * size + i] = triangle[at]
    }
  }
  const mean = part.maybe('mean')?.numbers()
  const moments = { ...about, matrix, mean: mean && Float64Array.from(mean) }
  try {
    requireMoments(moments, about)
  } catch (cause) {
    throw part.refused(`second moments: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
  return moments
}

function expectedOf(part: JsonPart, n: number): Expected[] {
  const expected = ascending(part, n, expectedOfOne)
  if (expected.length !== n) {
    throw part.refused(`a list for each number of survivors from 1 to ${n}`)
  }
  return expected
}

function expectedOfOne(part: JsonPart): Expected {
  return {
    survivors: part.at('survivors').whole(1),
    exact: part.at('exact').number(0, 1),
    lost: part.at('lost').number(0, 1),
    mse: part.maybe('mse')?.number(0),
    agreement: part.maybe('agreement')?.number(0, 1),
    accuracy: part.maybe('accuracy')?.number(0, 1)
  }
}
