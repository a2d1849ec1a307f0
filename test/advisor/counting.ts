import assert from 'node:assert/strict'

/** All subsets of 0 … n−1 with `size` elements. */
export function subsets(n: number, size: number): number[][] {
  if (size === 0) return [[]]
  return Array.from({ length: n }, (_, last) => subsets(last, size - 1).map(rest => [...rest, last])).flat()
}

export function close(actual: number, expected: number, what: string): void {
  assert.ok(Math.abs(actual - expected) < 1e-9, `${what}: ${actual}, counted ${expected}`)
}

/** The quantiles of a student that the queries of a group are at, the hardest first: means over all groups of k of them. */
export function typicalGroup(quantiles: readonly number[], k: number): number[] {
  const count = quantiles.length ** k
  const ranked = new Array<number>(k).fill(0)
  for (let group = 0; group < count; group++) {
    const drawn = Array.from(
      { length: k },
      (_, q) => quantiles[Math.floor(group / quantiles.length ** q) % quantiles.length]
    )
    drawn
      .sort((a, b) => a - b)
      .forEach((each, rank) => {
        ranked[rank] += each / count
      })
  }
  return ranked
}
