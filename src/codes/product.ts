import { kernel, ROWS } from './product-kernel.ts'
import { type Sliced, whole } from './sliced.ts'

/** Floats of the vectors that are multiplied at a time: with the rows that they give, they stay in a second-level cache. */
const BLOCK = 12288

/** Floats in a line of the cache. */
const LINE = 16

/** Up to so many floats, setting up the kernel takes longer than the product. */
const SHORT = 16

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
  return whole(combining(coefficients, vectors, rows))
}

/** As {@link combine}, in slices. */
export function* combining(
  coefficients: Float64Array,
  vectors: readonly Float32Array[],
  rows: readonly number[]
): Sliced<Float32Array[]> {
  const length = vectors[0]?.length ?? 0
  if (length <= SHORT) {
    return rows.map(row => weightedSum(coefficients, row, vectors, length))
  }
  const out = rows.map(() => unwritten(length))
  const all = [...vectors.keys()]
  const dense: Target[] = []
  for (const [i, row] of rows.entries()) {
    const weights = coefficients.subarray(row * vectors.length, (row + 1) * vectors.length)
    if (!weights.includes(0)) {
      dense.push({ weights, out: out[i] })
      continue
    }
    const used = all.filter(c => weights[c] !== 0)
    yield* multiplying(
      used.map(c => vectors[c]),
      [{ weights: Float64Array.from(used, c => weights[c]), out: out[i] }]
    )
  }
  yield* multiplying(vectors, dense)
  return out
}

/** One row of the product, element by element. */
function weightedSum(
  coefficients: Float64Array,
  row: number,
  vectors: readonly Float32Array[],
  length: number
): Float32Array {
  const out = new Float32Array(length)
  const first = row * vectors.length
  for (let e = 0; e < length; e++) {
    let sum = 0
    for (let c = 0; c < vectors.length; c++) {
      const weight = coefficients[first + c]
      if (weight !== 0) sum += weight * vectors[c][e]
    }
    out[e] = sum
  }
  return out
}

/** Memory that is about to be written to the last element: it is not zeroed first, which would take a sixth of all the time. */
function unwritten(length: number): Float32Array {
  return new Float32Array(Buffer.allocUnsafeSlow(length * Float32Array.BYTES_PER_ELEMENT).buffer)
}

/** A row of the product: what it weighs each vector by, and where it goes. */
interface Target {
  weights: Float64Array
  out: Float32Array
}

/** Block by block over all rows, so that each block of the vectors is read from memory once, not once per row. */
function* multiplying(vectors: readonly Float32Array[], targets: readonly Target[]): Sliced<void> {
  const terms = vectors.length
  if (terms === 0) for (const { out } of targets) out.fill(0)
  if (terms === 0 || targets.length === 0) return
  const { length } = vectors[0]
  const columns = blockLength(length, terms)
  const bands = bandsOf(targets, terms)
  for (let from = 0; from < length; from += columns) {
    multiplyBlock(vectors, bands, { columns, from, to: Math.min(length, from + columns) })
    yield columns * terms * targets.length
  }
}

interface Block {
  /** The length of all blocks but the last. */
  columns: number
  from: number
  to: number
}

/** From start to end without a break, for the kernel and its memory serve all products. */
function multiplyBlock(vectors: readonly Float32Array[], bands: readonly Band[], { columns, from, to }: Block): void {
  const terms = vectors.length
  const x = 2 * ROWS * terms
  const y = x + columns * terms
  const { floats, doubles, product } = kernel(4 * (y + columns * ROWS))
  const parts = Array.from({ length: ROWS }, (_, r) => floats.subarray(y + r * columns, y + r * columns + to - from))
  for (let c = 0; c < terms; c++) floats.set(vectors[c].subarray(from, to), x + c * columns)
  for (const { weights, rows } of bands) {
    doubles.set(weights)
    product(4 * x, 4 * columns, 4 * y)
    for (let r = 0; r < rows.length; r++) rows[r].set(parts[r], from)
  }
}

/** Blocks of the same length, an odd number of cache lines: the terms of one column then fall on different sets of the cache. */
function blockLength(length: number, terms: number): number {
  const blocks = Math.ceil((length * terms) / BLOCK)
  return (Math.ceil(length / LINE / blocks) | 1) * LINE
}

/** Rows that the kernel computes together, and their weights as it wants them: those of one term side by side. */
interface Band {
  weights: Float64Array
  rows: Float32Array[]
}

function bandsOf(targets: readonly Target[], terms: number): Band[] {
  const bands: Band[] = []
  for (let first = 0; first < targets.length; first += ROWS) {
    const together = targets.slice(first, first + ROWS)
    const weights = new Float64Array(ROWS * terms)
    together.forEach((target, r) => {
      for (let c = 0; c < terms; c++) weights[c * ROWS + r] = target.weights[c]
    })
    bands.push({ weights, rows: together.map(({ out }) => out) })
  }
  return bands
}
