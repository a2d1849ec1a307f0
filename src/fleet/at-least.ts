/** Events that happen together, all or none, with this probability. */
export interface Together {
  probability: number
  count: number
}

/**
 * P(at least `need` events happen), where those of each part happen together and the parts independently of each other: the tail of
 * the Poisson-binomial distribution, in O(parts · need).
 */
export function atLeast(need: number, parts: readonly Together[]): number {
  if (need <= 0) return 1
  // P(j events happened), j = 0 … need, where the last stands for as many or more.
  const chances = new Float64Array(need + 1)
  chances[0] = 1
  for (const { probability: p, count } of parts) {
    for (let before = Math.max(0, need - count); before < need; before++) chances[need] += p * chances[before]
    for (let j = need - 1; j >= 0; j--) chances[j] = (1 - p) * chances[j] + (j >= count ? p * chances[j - count] : 0)
  }
  return chances[need]
}
