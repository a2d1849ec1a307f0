/** Columns per block: one block of the sum and of a few vectors stay in the first-level cache. */
const BLOCK = 512

/**
 * The matrix product behind encoding (E·X) and decoding (D·Y): out[i] = Σ_c coefficients[rows[i], c]·vectors[c].
 *
 * Sums are kept in float64 and rounded once. A coefficient that is exactly 0 is skipped, so that a NaN in a vector that a
 * row does not use cannot spoil it.
 *
 * @param coefficients row-major, `vectors.length` columns
 * @param vectors all of one length
 * @param rows which rows of `coefficients` to compute
 * @returns one vector per entry of `rows`
 */
export function combine(
  coefficients: Float64Array,
  vectors: readonly Float32Array[],
  rows: readonly number[]
): Float32Array[] {
  const length = vectors[0]?.length ?? 0
  const terms = rows.map(row => nonzero(coefficients, vectors, row))
  const out = rows.map(() => new Float32Array(length))
  const sum = new Float64Array(Math.min(BLOCK, length))
  // Block by block over all rows, so that each block of the vectors is read from memory once, not once per row.
  for (let from = 0; from < length; from += BLOCK) {
    const size = Math.min(BLOCK, length - from)
    for (let i = 0; i < rows.length; i++) {
      sum.fill(0)
      accumulate(sum, terms[i], from, size)
      const target = out[i]
      for (let j = 0; j < size; j++) target[from + j] = sum[j]
    }
  }
  return out
}

interface Terms {
  weights: number[]
  vectors: Float32Array[]
}

function nonzero(coefficients: Float64Array, vectors: readonly Float32Array[], row: number): Terms {
  const weights = [...coefficients.subarray(row * vectors.length, (row + 1) * vectors.length)]
  const used = [...weights.keys()].filter(c => weights[c] !== 0)
  return { weights: used.map(c => weights[c]), vectors: used.map(c => vectors[c]) }
}

// Four vectors at a time: a quarter of the loads and stores of the sum.
function accumulate(sum: Float64Array, { weights, vectors }: Terms, from: number, size: number): void {
  let c = 0
  for (; c + 3 < weights.length; c += 4) {
    const [w0, w1, w2, w3] = [weights[c], weights[c + 1], weights[c + 2], weights[c + 3]]
    const [v0, v1, v2, v3] = [vectors[c], vectors[c + 1], vectors[c + 2], vectors[c + 3]]
    for (let j = 0, x = from; j < size; j++, x++) {
      sum[j] += w0 * v0[x] + w1 * v1[x] + w2 * v2[x] + w3 * v3[x]
    }
  }
  for (; c < weights.length; c++) {
    const weight = weights[c]
    const vector = vectors[c]
    for (let j = 0, x = from; j < size; j++, x++) sum[j] += weight * vector[x]
  }
}
