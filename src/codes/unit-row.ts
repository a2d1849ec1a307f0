/**
 * The column where row `row` of a row-major matrix of `width` columns is exactly 1 while all its other entries are
 * exactly 0, or `undefined`. Such a row only hands a tensor on: no arithmetic, no copy, any dtype.
 */
export function unitColumn(matrix: Float64Array, width: number, row: number): number | undefined {
  let column: number | undefined
  for (let c = 0; c < width; c++) {
    const entry = matrix[row * width + c]
    if (entry === 0) continue
    if (entry !== 1 || column !== undefined) return undefined
    column = c
  }
  return column
}
