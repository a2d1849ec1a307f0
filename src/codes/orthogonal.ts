/** Thin QR of a matrix V (rows×columns): V = Q·R. */
export interface Orthogonal {
  /** The columns of Q, orthonormal, each as long as V is high; zeros where a column of V depends on those before it. */
  q: Float64Array[]
  /** R[i, j] is `r[j][i]`: the columns of the upper triangle. */
  r: Float64Array[]
}

/**
 * Gram-Schmidt, twice, which keeps Q orthogonal to rounding. A column that depends on those before it, as far as
 * float64 can tell, is dropped: it gets a zero diagonal, and the solvers below give it no weight.
 *
 * Source: Giraud, Langou and Rozložník, "The loss of orthogonality in the Gram-Schmidt orthogonalization process", 2005.
 *
 * @param columns of V; left as they are
 * @param before the QR of columns that come before these, left as it is
 */
export function orthogonalise(columns: readonly Float64Array[], before: Orthogonal = { q: [], r: [] }): Orthogonal {
  const q = before.q.slice()
  const r = before.r.slice()
  for (const column of columns) {
    const rest = column.slice()
    const projections = new Float64Array(q.length + 1)
    const whole = length(rest)
    for (let pass = 0; pass < 2; pass++) {
      q.forEach((direction, i) => {
        const projection = dot(direction, rest)
        projections[i] += projection
        for (let row = 0; row < rest.length; row++) rest[row] -= projection * direction[row]
      })
    }
    const left = length(rest)
    const dependent = !(left > whole * rest.length * Number.EPSILON)
    projections[q.length] = dependent ? 0 : left
    q.push(dependent ? rest.fill(0) : rest.map(value => value / left))
    r.push(projections)
  }
  return { q, r }
}

/** The x that minimises ‖V·x − b‖²: R·x = Qᵀb. */
export function leastSquares({ q, r }: Orthogonal, b: Float64Array): Float64Array {
  const x = Float64Array.from(q, direction => dot(direction, b))
  for (let j = x.length - 1; j >= 0; j--) {
    x[j] = r[j][j] === 0 ? 0 : x[j] / r[j][j]
    for (let i = 0; i < j; i++) x[i] -= r[j][i] * x[j]
  }
  return x
}

/** The shortest y with Vᵀ·y = t: y = Q·w, Rᵀ·w = t. */
export function shortest({ q, r }: Orthogonal, t: Float64Array): Float64Array {
  const y = new Float64Array(q[0].length)
  const w = new Float64Array(t.length)
  for (let j = 0; j < t.length; j++) {
    let value = t[j]
    for (let i = 0; i < j; i++) value -= r[j][i] * w[i]
    w[j] = r[j][j] === 0 ? 0 : value / r[j][j]
    for (let row = 0; row < y.length; row++) y[row] += w[j] * q[j][row]
  }
  return y
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}

function length(a: Float64Array): number {
  return Math.sqrt(dot(a, a))
}
