import { InvalidProfileError } from './errors.ts'

/** A value of the JSON and where it stands, so that what is wrong with it can be said. */
export class JsonPart {
  readonly value: unknown
  readonly #path: string

  private constructor(value: unknown, path: string) {
    this.value = value
    this.#path = path
  }

  static read(text: string): JsonPart {
    try {
      return new JsonPart(JSON.parse(text), '')
    } catch (cause) {
      throw new InvalidProfileError(`a profile is JSON: ${cause instanceof Error ? cause.message : cause}`, { cause })
    }
  }

  at(name: string): JsonPart {
    const part = this.maybe(name)
    if (part === undefined) {
      throw this.refused(`an object with ${name}`)
    }
    return part
  }

  maybe(name: string): JsonPart | undefined {
    const value = this.#entries().find(([key]) => key === name)?.[1]
    return value === undefined ? undefined : new JsonPart(value, this.#path === '' ? name : `${this.#path}.${name}`)
  }

  /** Refuses entries of other names: an option that is not understood changes what the rest means. */
  only(names: readonly string[]): void {
    const unknown = this.#entries().find(([key]) => !names.includes(key))?.[0]
    if (unknown !== undefined) {
      throw this.refused(`an object of ${names.join(', ')}, and nothing else such as ${unknown}`)
    }
  }

  items(): JsonPart[] {
    if (!Array.isArray(this.value)) {
      throw this.refused('a list')
    }
    return this.value.map((item, i) => new JsonPart(item, `${this.#path}[${i}]`))
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
