import type { Tensor } from '../tensor/index.ts'
import type { LinearCode } from './code.ts'
import { GroupSizeError } from './errors.ts'
import { mixing, readingVectors, type Vectors } from './mixtures.ts'
import { type Sliced, whole } from './sliced.ts'
import { unitColumn } from './unit-row.ts'

/** Encodes one group, in slices. */
export interface Encoder {
  /** The coded queries of these indices. Some twenty at a time read each query from memory once for all of them. */
  encoding(indices: readonly number[]): Sliced<Tensor[]>
}

/**
 * Encodes a group: K queries of one shape and dtype into N coded queries, one product E·X. Where a row of E is exactly a unit
 * vector, the coded query is the query itself: the same object, of any dtype.
 *
 * @throws {GroupSizeError} there are not exactly K queries
 * @throws {DtypeMismatchError} the code mixes queries, and they are not float32 or float16, or differ in dtype
 * @throws {ShapeMismatchError} the code mixes queries, and they differ in shape
 */
export function encode(code: LinearCode, queries: readonly Tensor[]): Tensor[] {
  const encoder = whole(preparing(code, queries))
  return whole(encoder.encoding(Array.from({ length: code.n }, (_, index) => index)))
}

/** As {@link encode}, in slices: an encoder of the group, which gives any of its coded queries. */
export function* preparing(code: LinearCode, queries: readonly Tensor[]): Sliced<Encoder> {
  const { k, n, encodingMatrix } = code
  if (queries.length !== k) {
    throw new GroupSizeError(`this ${code.name} code encodes ${k} queries, got ${queries.length}`)
  }
  const copies = Array.from({ length: n }, (_, index) => unitColumn(encodingMatrix, k, index))
  const vectors = copies.includes(undefined) ? yield* readingVectors(queries, 'queries') : undefined
  return new MatrixEncoder(encodingMatrix, queries, copies, vectors)
}

class MatrixEncoder implements Encoder {
  readonly #matrix: Float64Array
  readonly #queries: readonly Tensor[]
  /** For each coded query, which query it is; none for one that mixes several. */
  readonly #copies: ReadonlyArray<number | undefined>
  readonly #vectors: Vectors | undefined

  constructor(
    matrix: Float64Array,
    queries: readonly Tensor[],
    copies: ReadonlyArray<number | undefined>,
    vectors: Vectors | undefined
  ) {
    this.#matrix = matrix
    this.#queries = queries
    this.#copies = copies
    this.#vectors = vectors
  }

  *encoding(indices: readonly number[]): Sliced<Tensor[]> {
    const mixed = indices.filter(index => this.#copies[index] === undefined)
    const mixtures = this.#vectors === undefined ? [] : yield* mixing(this.#matrix, mixed, this.#vectors)
    let next = 0
    return indices.map(index => {
      const column = this.#copies[index]
      return column === undefined ? mixtures[next++] : this.#queries[column]
    })
  }
}
