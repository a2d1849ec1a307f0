/**
 * P(at least `need` of independent events happen), each with a probability of its own: the tail of the Poisson-binomial
 * distribution, in O(events · need).
 */
export function atLeast(need: number, probabilities: readonly number[]): number {
  const counts = new Counts(need)
  for (const p of probabilities) counts.add(p)
  return counts.tail
}

/**
 * How many of these workers, from the first on, are enough that `need` of them answer with a probability of at least 1 − ε.
 *
 * @param probabilities that each answers, best first
 * @returns `undefined` where all of them are not
 */
export function enough(need: number, probabilities: readonly number[], epsilon: number): number | undefined {
  const counts = new Counts(need)
  for (let taken = 0; ; taken++) {
    if (counts.tail >= 1 - epsilon) return taken
    if (taken === probabilities.length) return undefined
    counts.add(probabilities[taken])
  }
}

/** P(j events happened), j = 0 … need, where `need` stands for as many or more. */
class Counts {
  readonly #chances: Float64Array

  constructor(need: number) {
    this.#chances = new Float64Array(need + 1)
    this.#chances[0] = 1
  }

  get tail(): number {
    return this.#chances[this.#chances.length - 1]
  }

  add(p: number): void {
    const chances = this.#chances
    const last = chances.length - 1
    if (last === 0) return
    chances[last] += p * chances[last - 1]
    for (let j = last - 1; j > 0; j--) chances[j] += p * (chances[j - 1] - chances[j])
    chances[0] *= 1 - p
  }
}
