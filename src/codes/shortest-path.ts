/** From how many points a path is begun; the shortest of them is kept. */
const STARTS = 6

/** A change must gain more than this share of the path, so that rounding cannot keep it going. */
const LEAST_GAIN = 1e-12

/**
 * A short open path through all points: always on to the nearest point not yet visited, then 2-opt, which turns a stretch
 * around wherever that makes the path shorter, until nowhere does. From several starts, the shortest.
 *
 * @param lengths distances between the points (size×size, row-major, symmetric)
 * @returns the points along the path; of equal paths always the same
 */
export function shortestPath(lengths: Float64Array, size: number): number[] {
  const stride = Math.max(1, Math.floor(size / STARTS))
  let best: number[] = []
  let least = Infinity
  for (let start = 0; start < size; start += stride) {
    const path = nearestNeighbours(lengths, size, start)
    untangle(path, lengths, size)
    const length = pathLength(path, lengths, size)
    if (length < least) {
      least = length
      best = path
    }
  }
  return best
}

export function pathLength(path: readonly number[], lengths: Float64Array, size: number): number {
  let length = 0
  for (let i = 1; i < path.length; i++) length += lengths[path[i - 1] * size + path[i]]
  return length
}

function nearestNeighbours(lengths: Float64Array, size: number, start: number): number[] {
  const path = [start]
  const visited = new Uint8Array(size)
  visited[start] = 1
  for (let at = start; path.length < size; ) {
    let nearest = -1
    for (let point = 0; point < size; point++) {
      if (visited[point] === 1) continue
      if (nearest < 0 || lengths[at * size + point] < lengths[at * size + nearest]) nearest = point
    }
    visited[nearest] = 1
    path.push(nearest)
    at = nearest
  }
  return path
}

/** 2-opt, in place. Turning path[i…j] around replaces the edges into i and out of j; at the ends of the path there are none. */
function untangle(path: number[], lengths: Float64Array, size: number): void {
  const least = LEAST_GAIN * pathLength(path, lengths, size)
  for (let improved = true; improved; ) {
    improved = false
    for (let i = 0; i < size - 1; i++) {
      for (let j = i + 1; j < size; j++) {
        let gain = 0
        if (i > 0) gain += lengths[path[i - 1] * size + path[i]] - lengths[path[i - 1] * size + path[j]]
        if (j < size - 1) gain += lengths[path[j] * size + path[j + 1]] - lengths[path[i] * size + path[j + 1]]
        if (gain > least) {
          turn(path, i, j)
          improved = true
        }
      }
    }
  }
}

function turn(path: number[], from: number, to: number): void {
  for (let i = from, j = to; i < j; i++, j--) {
    const point = path[i]
    path[i] = path[j]
    path[j] = point
  }
}
