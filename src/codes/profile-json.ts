import { InvalidProfileError } from './errors.ts'
import { type Moments, type Outputs, requireMoments } from './moments.ts'
import type { OrderKind } from './order.ts'
import { type Expected, type Profile, profileCode } from './profile.ts'
import { type CodeName, codes } from './registry.ts'

const ORDERS: readonly OrderKind[] = ['none', 'pca', 'path']
const OUTPUTS: readonly Outputs[] = ['logits', 'probabilities', 'values']
const DECODERS: ReadonlyArray<Profile['decoder']> = ['covariance', 'linear']

/**
 * A profile as JSON. The moments are symmetric, so that only their lower triangle is written, row by row; `n`, `k` and
 * `outputs` stand once.
 */
export function formatProfile(profile: Profile): string {
  const { n, k, matrix, mean } = profile.moments
  const triangle = Array.from({ length: n + k }, (_, i) => [...matrix.subarray(i * (n + k), i * (n + k) + i + 1)])
  return JSON.stringify({ ...profile, moments: { triangle: triangle.flat(), mean: mean && [...mean] } })
}

/**
 * Reads what {@link formatProfile} wrote, and believes none of it: it may come from another version or another person.
 *
 * @throws {InvalidProfileError} it is no JSON, of another version, or has a part that is missing, of another kind, of the
 *   wrong size or not finite; the message names the part
 */
export function parseProfile(text: string): Profile {
  const root = Part.read(text)
  const version = root.at('version').value
  if (version !== 1) {
    throw new InvalidProfileError(
      `this is a profile of version ${JSON.stringify(version)}, and version 1 is read here: calibrate again`
    )
  }
  const code = codeOf(root.at('code'))
  const outputs = root.at('outputs').oneOf(OUTPUTS)
  const moments = momentsOf(root.at('moments'), { n: code.n, k: code.k, outputs })
  // Only now: the moments have bounded K and N by the length of the text, so that no small file makes a huge matrix.
  requireCode(root.at('code'), code)
  const calibration = root.at('calibration')
  return {
    version,
    model: root.at('model').matching(/^[0-9a-f]{64}$/, 'a sha-256, 64 lower-case hexadecimal digits'),
    output: root.at('output').matching(/./, 'the name of an output'),
    outputs,
    code,
    order: root.at('order').oneOf(ORDERS),
    decoder: root.at('decoder').oneOf(DECODERS),
    epsilon: root.at('epsilon').number(0),
    moments,
    expected: expectedOf(root.at('expected'), code.n),
    calibration: {
      groups: calibration.at('groups').whole(1),
      tuning: calibration.at('tuning').whole(1),
      heldBack: calibration.at('heldBack').whole(1),
      seed: calibration.at('seed').whole(Number.MIN_SAFE_INTEGER)
    }
  }
}

function codeOf(part: Part): Profile['code'] {
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

function requireCode(part: Part, code: Profile['code']): void {
  try {
    profileCode({ code })
  } catch (cause) {
    throw part.refused(`a code that exists: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
}

function momentsOf(part: Part, about: Pick<Moments, 'n' | 'k' | 'outputs'>): Moments {
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

function expectedOf(part: Part, n: number): Expected[] {
  const expected = part.items().map(item => ({
    survivors: item.at('survivors').whole(1, n),
    mse: item.at('mse').number(0),
    agreement: item.maybe('agreement')?.number(0, 1)
  }))
  if (expected.some(({ survivors }, i) => i > 0 && survivors <= expected[i - 1].survivors)) {
    throw part.refused('a list that ascends by survivors')
  }
  return expected
}

/** A value of the JSON and where it stands, so that what is wrong with it can be said. */
class Part {
  readonly value: unknown
  readonly #path: string

  private constructor(value: unknown, path: string) {
    this.value = value
    this.#path = path
  }

  static read(text: string): Part {
    try {
      return new Part(JSON.parse(text), '')
    } catch (cause) {
      throw new InvalidProfileError(`a profile is JSON: ${cause instanceof Error ? cause.message : cause}`, { cause })
    }
  }

  at(name: string): Part {
    const part = this.maybe(name)
    if (part === undefined) {
      throw this.refused(`an object with ${name}`)
    }
    return part
  }

  maybe(name: string): Part | undefined {
    const value = this.#entries().find(([key]) => key === name)?.[1]
    return value === undefined ? undefined : new Part(value, this.#path === '' ? name : `${this.#path}.${name}`)
  }

  /** Refuses entries of other names: an option that is not understood changes what the rest means. */
  only(names: readonly string[]): void {
    const unknown = this.#entries().find(([key]) => !names.includes(key))?.[0]
    if (unknown !== undefined) {
      throw this.refused(`an object of ${names.join(', ')}, and nothing else such as ${unknown}`)
    }
  }

  items(): Part[] {
    if (!Array.isArray(this.value)) {
      throw this.refused('a list')
    }
    return this.value.map((item, i) => new Part(item, `${this.#path}[${i}]`))
  }

  numbers(count?: number): number[] {
    const items = this.items()
    if (count !== undefined && items.length !== count) {
      throw this.refused(`a list of ${count} numbers`)
    }
    return items.map(item => item.number())
  }

  number(least = -Infinity, most = Infinity): number {
    const { value } = this
    if (typeof value !== 'number' || !Number.isFinite(value) || value < least || value > most) {
      throw this.refused(`a finite number${rangeText(least, most)}`)
    }
    return value
  }

  whole(least: number, most = Number.MAX_SAFE_INTEGER): number {
    const { value } = this
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > most) {
      throw this.refused(`a whole number${rangeText(least, most)}`)
    }
    return value
  }

  oneOf<T extends string>(choices: readonly T[]): T {
    const choice = choices.find(each => each === this.value)
    if (choice === undefined) {
      throw this.refused(`one of ${choices.join(', ')}`)
    }
    return choice
  }

  matching(pattern: RegExp, what: string): string {
    if (typeof this.value !== 'string' || !pattern.test(this.value)) {
      throw this.refused(what)
    }
    return this.value
  }

  refused(expected: string, options?: ErrorOptions): InvalidProfileError {
    const where = this.#path === '' ? 'a profile' : `${this.#path} of a profile`
    return new InvalidProfileError(`${where} is ${expected}; got ${described(this.value)}`, options)
  }

  #entries(): Array<[string, unknown]> {
    const { value } = this
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : []
  }
}

function rangeText(least: number, most: number): string {
  const from = least > Number.MIN_SAFE_INTEGER ? ` ≥ ${least}` : ''
  return most < Number.MAX_SAFE_INTEGER ? `${from} and ≤ ${most}` : from
}

function described(value: unknown): string {
  if (Array.isArray(value)) {
    return `a list of ${value.length}`
  }
  return (typeof value === 'number' ? String(value) : JSON.stringify(value)).slice(0, 60)
}
