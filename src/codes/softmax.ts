/** exp(z_c) / Σ exp(z): probabilities from the logits of one result. Finite for finite logits, however large. */
export function softmax(logits: Float32Array): Float32Array {
  const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity)
  const powers = Float64Array.from(logits, z => Math.exp(z - largest))
  const sum = powers.reduce((a, b) => a + b, 0)
  return Float32Array.from(powers, power => power / sum)
}
