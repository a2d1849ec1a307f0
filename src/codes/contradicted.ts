import { berrutMatrix } from './berrut.ts'
import type { RationalLocation } from './locate-rational.ts'

/** In squares: an honest result is hardly ever so many times further off the curve of the others than all of them are. */
const FURTHER = 3
/** In squares, of the largest result: what float32 rounds, where all results are the same. */
const ROUNDING = 1e-10

/**
 * Of the results that a locator suspects, those that the others contradict. Honest results of a network lie on no curve exactly,
 * so a locator that must name E names honest ones where nobody lies. What is off the curve is measured by
 *
 *     r_i = ‖y_i − Σ_j A(β_i, j)·y_j‖² / (1 + Σ_j A(β_i, j)²)
 *
 * with A Berrut's interpolant of the results j ≠ i that nobody suspects; a suspect is contradicted if r_i is more than 3 times
 * the largest r_j of those. It is a rule of ours; ApproxIFER has none.
 *
 * @param suspects coded queries
 */
export function contradicted(
  { code: { points }, survivors, results }: Omit<RationalLocation, 'errors'>,
  suspects: readonly number[]
): number[] {
  if (points === undefined || suspects.length === 0) return []
  const { beta } = points
  const believed = [...survivors.keys()].filter(i => !suspects.includes(survivors[i]))
  const off = (i: number): number => {
    const others = believed.filter(j => j !== i)
    const at = Float64Array.of(beta[survivors[i]])
    const weights = berrutMatrix(
      Float64Array.from(others, j => beta[survivors[j]]),
      at
    )
    const squares = results[i].reduce((sum, value, c) => {
      const expected = others.reduce((total, j, m) => total + weights[m] * results[j][c], 0)
      return sum + (value - expected) ** 2
    }, 0)
    return squares / (1 + weights.reduce((sum, weight) => sum + weight * weight, 0))
  }
  const largest = believed.reduce((most, i) => Math.max(most, off(i)), 0)
  const energy = results.reduce(
    (most, result) =>
      Math.max(
        most,
        result.reduce((sum, y) => sum + y * y, 0)
      ),
    0
  )
  const bound = Math.max(FURTHER * largest, ROUNDING * energy)
  return suspects.filter(index => off(survivors.indexOf(index)) > bound)
}
