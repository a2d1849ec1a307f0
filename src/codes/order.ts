import { distances, type Gram, gramming } from './gram.ts'
import { shortestPath } from './shortest-path.ts'
import { type Sliced, whole } from './sliced.ts'

/**
 * How queries are ordered before they are encoded, so that neighbours on the curve are alike and the curve is smooth. `none`: as
 * they came. `pca`: by their first principal component. `path`: along a short path through all of them. Both work on
 * any vectors: the inputs themselves, or features of them.
 */
export type OrderKind = 'none' | 'pca' | 'path'

/**
 * @param vectors one per query, of one length
 * @returns the order: at place i of the group stands query order[i]
 * @throws {GroupSizeError} vectors differ in length
 */
export function orderQueries(kind: OrderKind, vectors: readonly Float32Array[]): number[] {
  return whole(ordering(kind, vectors))
}

/** As {@link orderQueries}, in slices. */
export function* ordering(kind: OrderKind, vectors: readonly Float32Array[]): Sliced<number[]> {
  return kind === 'none' ? [...vectors.keys()] : orderByGram(kind, yield* gramming(vectors))
}

/** As {@link orderQueries}, from inner products that are known already. */
export function orderByGram(kind: OrderKind, group: Gram): number[] {
  switch (kind) {
    case 'none':
      return Array.from({ length: group.size }, (_, i) => i)
    case 'pca': {
      const scores = firstComponent(group)
      return [...scores.keys()].sort((a, b) => scores[a] - scores[b] || a - b)
    }
    case 'path':
      return shortestPath(distances(group), group.size)
  }
}

/** The items at the places of an order: place i gets item order[i]. */
export function reorder<T>(items: readonly T[], order: readonly number[]): T[] {
  return order.map(query => items[query])
}

/** Undoes {@link reorder}: item i goes back to where item order[i] was. */
export function restoreOrder<T>(items: readonly T[], order: readonly number[]): T[] {
  const restored = items.slice()
  order.forEach((query, place) => {
    restored[query] = items[place]
  })
  return restored
}

/** Iterations of the power method. Components that are still mixed then explain nearly the same variance. */
const POWERS = 100

/**
 * The scores of the vectors on their first principal component, up to scale: the leading eigenvector of their centred Gram
 * matrix, by the power method.
 */
function firstComponent({ size, matrix }: Gram): Float64Array {
  const centred = doubleCentred(matrix, size)
  // The column of the vector farthest from the mean: it is deterministic, and seldom orthogonal to what is sought.
  let farthest = 0
  for (let i = 0; i < size; i++) if (centred[i * size + i] > centred[farthest * size + farthest]) farthest = i
  let scores = centred.slice(farthest * size, (farthest + 1) * size)
  let next = new Float64Array(size)
  for (let power = 0; power < POWERS; power++) {
    let largest = 0
    for (let i = 0; i < size; i++) {
      let sum = 0
      for (let j = 0; j < size; j++) sum += centred[i * size + j] * scores[j]
      next[i] = sum
      largest = Math.max(largest, Math.abs(sum))
    }
    if (largest === 0) break
    for (let i = 0; i < size; i++) next[i] /= largest
    const previous = scores
    scores = next
    next = previous
  }
  return scores
}

/** The Gram matrix of the vectors less their mean. */
function doubleCentred(matrix: Float64Array, size: number): Float64Array {
  const means = Float64Array.from({ length: size }, (_, i) => {
    return matrix.subarray(i * size, (i + 1) * size).reduce((sum, value) => sum + value, 0) / size
  })
  const mean = means.reduce((sum, value) => sum + value, 0) / size
  return matrix.map((value, at) => value - means[Math.floor(at / size)] - means[at % size] + mean)
}
