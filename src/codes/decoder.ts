import type { LinearCode } from './code.ts'
import { InvalidCodeError } from './errors.ts'
import { capNorm } from './norm-cap.ts'
import { type LinearDecoder, operator } from './operator.ts'

/**
 * The default cap on Σ_j |D[q,j]|, the factor by which errors in the results can grow. Measured over 400 random survivor sets
 * each of NeRCC (λ_d from 0 to 1e-4) and BACC, (k, n) from (4, 8) to (20, 100): with at least 60% of the coded
 * queries surviving, rows have a median norm of 1.1 to 2.6 and none is above 20. With few survivors, close to each other, a
 * row is a steep extrapolation: up to 94 for (4, 12), thousands for (20, 100). So 50 leaves every sane row as it is.
 */
export const DEFAULT_NORM_CAP = 50

export interface DecoderOptions {
  /**
   * Rows of D whose L1 norm is above this are pulled towards the plain mean of the survivors, just enough to meet it. At
   * least 1; `Infinity` turns the guard off. Default {@link DEFAULT_NORM_CAP}.
   */
  normCap?: number
  /**
   * Where several results of a query itself arrive, give their mean instead of the first: for models that answer the same
   * query differently (other hardware, other precision). Default `false`.
   */
  averageExact?: boolean
}

/**
 * The decoder of a linear code: D(survivors) with its numerical guard.
 *
 * @throws {InvalidCodeError} `normCap` is not a number ≥ 1
 */
export function linearDecoder(code: LinearCode, options: DecoderOptions = {}): LinearDecoder {
  const { normCap = DEFAULT_NORM_CAP, averageExact = false } = options
  requireNormCap(normCap)
  return {
    select(survivors) {
      // A copy: the guard must not reach into a matrix that the code may keep.
      const matrix = code.decodingMatrix(survivors).slice()
      const recoverable = code.recoverable(survivors)
      const guarded = capRows(matrix, recoverable, normCap)
      return operator(code, survivors, { matrix, recoverable, guarded, averageExact })
    }
  }
}

/** @throws {InvalidCodeError} `normCap` is not a number ≥ 1 */
export function requireNormCap(normCap: number): void {
  if (!(normCap >= 1)) {
    throw new InvalidCodeError(`normCap caps rows that sum to 1, so it is at least 1 (or Infinity); got ${normCap}`)
  }
}

/** Caps the recoverable rows of D in place, and says which it changed. */
export function capRows(matrix: Float64Array, recoverable: readonly boolean[], normCap: number): boolean[] {
  const width = matrix.length / recoverable.length
  return recoverable.map((can, q) => can && capNorm(matrix.subarray(q * width, (q + 1) * width), normCap))
}
