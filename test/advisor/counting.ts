import assert from 'node:assert/strict'

/** All subsets of 0 … n−1 with `size` elements. */
export function subsets(n: number, size: number): number[][] {
  if (size === 0) return [[]]
  return Array.from({ length: n }, (_, last) => subsets(last, size - 1).map(rest => [...rest, last])).flat()
}

export function close(actual: number, expected: number, what: string): void {
  assert.ok(Math.abs(actual - expected) < 1e-9, `${what}: ${actual}, counted ${expected}`)
}
