import { InvalidCodeError } from './errors.ts'

/** @throws {InvalidCodeError} `value` is not a whole number ≥ 1 */
export function requireCount(name: 'k' | 'n', value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new InvalidCodeError(`${name} is the number of ${COUNTED[name]}, a whole number ≥ 1; got ${value}`)
  }
}

const COUNTED = { k: 'queries in a group', n: 'coded queries' }

/** @throws {InvalidCodeError} `value` is not a finite number ≥ 0 */
export function requireSmoothing(name: 'lambdaEncode' | 'lambdaDecode', value: number): void {
  if (!Number.isFinite(value) || value < 0) {
    throw new InvalidCodeError(`${name} is a smoothing parameter, a finite number ≥ 0; got ${value}`)
  }
}
