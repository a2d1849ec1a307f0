/**
 * The matrix (at×points) of the polygon through values at `points`: straight between neighbours, constant beyond both ends.
 * At a point it is the value there, exactly; where several share a point, that of the first.
 *
 * @param points ascending, at least one
 */
export function polygonMatrix(points: Float64Array, at: Float64Array): Float64Array {
  const width = points.length
  const matrix = new Float64Array(at.length * width)
  at.forEach((z, row) => {
    const next = points.findIndex(point => point >= z)
    if (next < 0) {
      matrix[row * width + width - 1] = 1
    } else if (next === 0 || points[next] === z) {
      matrix[row * width + next] = 1
    } else {
      const before = points[next - 1]
      const share = (z - before) / (points[next] - before)
      matrix[row * width + next - 1] = 1 - share
      matrix[row * width + next] = share
    }
  })
  return matrix
}
