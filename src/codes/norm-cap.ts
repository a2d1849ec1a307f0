/**
 * Pulls a decoding row r, whose entries sum to 1, towards the plain mean (every entry 1/m), just enough that its L1 norm
 * meets the cap: the smallest t in [0, 1] with ‖(1−t)·r + t·mean‖₁ ≤ cap. Changes the row in place.
 *
 * The norm is convex and piecewise linear in t, and at most 1 at t = 1; Newton's steps from t = 0 therefore rise to the
 * root without passing it, and arrive once the signs of the entries stop changing.
 *
 * @param cap at least 1
 * @returns whether the row was changed
 */
export function capNorm(row: Float64Array, cap: number): boolean {
  const mean = 1 / row.length
  // The rounding of these sums. Within it the slope is noise; above it convexity makes the slope negative.
  const tolerance = 1e-12 * row.reduce((norm, entry) => norm + Math.abs(entry), 0)
  let t = 0
  for (let step = 0; step <= row.length; step++) {
    let norm = 0
    let slope = 0
    for (const entry of row) {
      const blended = entry + t * (mean - entry)
      norm += Math.abs(blended)
      slope += Math.sign(blended) * (mean - entry)
    }
    if (norm <= cap + tolerance) break
    t = Math.min(1, t + (cap - norm) / slope)
  }
  if (t === 0) return false
  for (let j = 0; j < row.length; j++) row[j] += t * (mean - row[j])
  return true
}
