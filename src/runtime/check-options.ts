import { DuplicateModelError, RuntimeOptionError } from './errors.ts'

/** @throws {RuntimeOptionError} not a whole number ≥ `least` */
export function checkCount(option: string, value: number, least = 1): number {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new RuntimeOptionError(`${option} must be a whole number ≥ ${least}, got ${value}`)
  }
  return value
}

/** @throws {DuplicateModelError} a name comes twice, so callers could not tell which model they get */
export function checkDistinctNames(models: ReadonlyArray<{ name: string }>): void {
  const names = new Set<string>()
  for (const { name } of models) {
    if (names.has(name)) {
      throw new DuplicateModelError(`two models are named '${name}': give each one a name of its own`)
    }
    names.add(name)
  }
}
