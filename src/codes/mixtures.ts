import {
  type Dtype,
  DtypeMismatchError,
  float16ToFloat32,
  float32ToFloat16,
  type Shape,
  ShapeMismatchError,
  sameShape,
  Tensor
} from '../tensor/index.ts'
import { combining } from './product.ts'
import type { Sliced } from './sliced.ts'

/** What is mixed: the queries of a group when it is encoded, the results of survivors when it is decoded. */
export type Mixed = 'queries' | 'results'

/** What a converted float16 costs, in multiply-adds of the product. */
const CONVERSION = 40

/** Tensors of one float dtype and one shape, and their values as float32. */
export interface Vectors {
  dtype: 'float32' | 'float16'
  shape: Shape
  values: readonly Float32Array[]
}

/**
 * The tensors as vectors that can be mixed, in slices.
 *
 * @throws {DtypeMismatchError} they are not float32 or float16, or differ in dtype
 * @throws {ShapeMismatchError} they differ in shape
 */
export function* readingVectors(tensors: readonly Tensor[], what: Mixed): Sliced<Vectors> {
  const [{ dtype, shape }] = tensors
  if (dtype !== 'float32' && dtype !== 'float16') throw notFloat(dtype, what)
  const values: Float32Array[] = []
  for (const [i, tensor] of tensors.entries()) {
    if (tensor.dtype !== dtype) {
      throw new DtypeMismatchError(`${what} to mix share one dtype: number ${i} is ${tensor.dtype}, the first ${dtype}`)
    }
    if (!sameShape(tensor.shape, shape)) {
      throw new ShapeMismatchError(
        `${what} to mix share one shape: number ${i} has [${tensor.shape}], the first [${shape}]`
      )
    }
    values.push(floatsOf(tensor))
    yield dtype === 'float16' ? CONVERSION * tensor.size : 0
  }
  return { dtype, shape, values }
}

/**
 * Σ_c coefficients[r,c]·vectors[c] for each row r in `rows`, as tensors of the dtype and shape of those given, in slices.
 * float16 is computed in float32 and rounded once.
 *
 * @param finish what is done to the float32 values of each row, in place, before they are rounded
 */
export function* mixing(
  coefficients: Float64Array,
  rows: readonly number[],
  { dtype, shape, values }: Vectors,
  finish?: (values: Float32Array, row: number) => void
): Sliced<Tensor[]> {
  const mixed = yield* combining(coefficients, values, rows)
  const tensors: Tensor[] = []
  for (const [i, data] of mixed.entries()) {
    finish?.(data, rows[i])
    if (dtype === 'float32') {
      tensors.push(new Tensor(dtype, shape, data))
    } else {
      tensors.push(new Tensor(dtype, shape, float32ToFloat16(data)))
      yield CONVERSION * data.length
    }
  }
  return tensors
}

/** The elements of a float tensor as float32. */
export function floatsOf({ data }: Tensor): Float32Array {
  if (data instanceof Float32Array) return data
  if (data instanceof Uint16Array) return float16ToFloat32(data)
  throw new DtypeMismatchError(`expected the data of a float tensor, got a ${data.constructor.name}`)
}

function notFloat(dtype: Dtype, what: Mixed): DtypeMismatchError {
  const advice =
    what === 'queries'
      ? 'use a model with a float input, or a code that only repeats queries (uncoded, replication)'
      : 'decode a float output (logits, not class ids), or use a code that only repeats queries (uncoded, replication)'
  return new DtypeMismatchError(`this code mixes ${what}, which needs float32 or float16, got ${dtype}; ${advice}`)
}
