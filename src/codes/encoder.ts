import type { Tensor } from '../tensor/index.ts'
import type { LinearCode } from './code.ts'
import { GroupSizeError } from './errors.ts'
import { mixtures } from './mixtures.ts'
import { unitColumn } from './unit-row.ts'

/**
 * Encodes a group: K queries of one shape and dtype into N coded queries, one product E·X. Where a row of E is exactly a unit
 * vector, the coded query is the query itself: the same object, of any dtype.
 *
 * @throws {GroupSizeError} there are not exactly K queries
 * @throws {DtypeMismatchError} the code mixes queries, and they are not float32 or float16, or differ in dtype
 * @throws {ShapeMismatchError} the code mixes queries, and they differ in shape
 */
export function encode(code: LinearCode, queries: readonly Tensor[]): Tensor[] {
  const { k, n, encodingMatrix } = code
  if (queries.length !== k) {
    throw new GroupSizeError(`this ${code.name} code encodes ${k} queries, got ${queries.length}`)
  }
  const coded = new Array<Tensor>(n)
  const mixed: number[] = []
  for (let row = 0; row < n; row++) {
    const column = unitColumn(encodingMatrix, k, row)
    if (column === undefined) mixed.push(row)
    else coded[row] = queries[column]
  }
  mixtures(encodingMatrix, mixed, queries, 'queries').forEach((tensor, i) => {
    coded[mixed[i]] = tensor
  })
  return coded
}
