import { InvalidCodeError } from './errors.ts'
import type { Layout } from './points.ts'

/** @throws {InvalidCodeError} `value` is not a whole number ≥ 1 */
export function requireCount(name: keyof typeof COUNTED, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new InvalidCodeError(`${name} is the ${COUNTED[name]}, a whole number ≥ 1; got ${value}`)
  }
}

const COUNTED = {
  k: 'number of queries in a group',
  n: 'number of coded queries',
  degree: 'degree of the polynomial that the model is',
  capacity: 'number of operators to keep'
}

/** @throws {InvalidCodeError} `value` is not a whole number ≥ 0 */
export function requireTolerated(name: keyof typeof TOLERATED, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new InvalidCodeError(`${name} is the number of ${TOLERATED[name]}, a whole number ≥ 0; got ${value}`)
  }
}

const TOLERATED = { stragglers: 'stragglers to tolerate', errors: 'wrong results to locate' }

/** @throws {InvalidCodeError} `value` is not a finite number ≥ 0 */
export function requireSmoothing(name: 'lambdaEncode' | 'lambdaDecode', value: number): void {
  if (!Number.isFinite(value) || value < 0) {
    throw new InvalidCodeError(`${name} is a smoothing parameter, a finite number ≥ 0; got ${value}`)
  }
}

/** @throws {InvalidCodeError} a systematic layout has no room for the queries themselves */
export function requireLayout(layout: Layout, k: number, n: number): void {
  if (layout === 'systematic' && n < k) {
    throw new InvalidCodeError(`a systematic layout sends every query, so n is at least k = ${k}; got n = ${n}`)
  }
}
