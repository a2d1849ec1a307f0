/** Small dense linear algebra for checks; matrices are arrays of rows. */
export type Rows = number[][]

export function rowsOf(matrix: Float64Array, width: number): Rows {
  return Array.from({ length: matrix.length / width }, (_, r) => [...matrix.subarray(r * width, (r + 1) * width)])
}

export function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0)
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** max(1, max |entry|), the scale that errors are judged by. */
export function scale(rows: Rows): number {
  return Math.max(1, ...rows.flat().map(Math.abs))
}

/** Solves A·x = b by Gaussian elimination with partial pivoting. */
export function denseSolve(a: Rows, b: readonly number[]): number[] {
  const rows = a.map((row, i) => [...row, b[i]])
  const n = rows.length
  for (let column = 0; column < n; column++) {
    let pivot = column
    for (let r = column; r < n; r++) if (Math.abs(rows[r][column]) > Math.abs(rows[pivot][column])) pivot = r
    const upper = rows[pivot]
    rows[pivot] = rows[column]
    rows[column] = upper
    for (let r = column + 1; r < n; r++) {
      const factor = rows[r][column] / upper[column]
      for (let c = column; c <= n; c++) rows[r][c] -= factor * upper[c]
    }
  }
  const x = new Array<number>(n).fill(0)
  for (let r = n - 1; r >= 0; r--) x[r] = (rows[r][n] - dot(rows[r].slice(r + 1, n), x.slice(r + 1))) / rows[r][r]
  return x
}

/** Every non-empty subset of 0 … n−1, ascending. */
export function subsets(n: number): number[][] {
  const indices = Array.from({ length: n }, (_, i) => i)
  return Array.from({ length: 2 ** n - 1 }, (_, mask) => indices.filter(i => (mask + 1) & (1 << i)))
}
