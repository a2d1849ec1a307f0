import {
  type Dtype,
  DtypeMismatchError,
  float16ToFloat32,
  float32ToFloat16,
  ShapeMismatchError,
  sameShape,
  Tensor
} from '../tensor/index.ts'
import { combine } from './product.ts'

/** What is mixed: the queries of a group when it is encoded, the results of survivors when it is decoded. */
export type Mixed = 'queries' | 'results'

/**
 * Σ_c coefficients[r,c]·tensors[c] for each row r in `rows`, as tensors of the dtype and shape of those given. float16 is
 * computed in float32 and rounded once.
 *
 * @param finish what is done to the float32 values of each row, in place, before they are rounded
 * @throws {DtypeMismatchError} the tensors are not float32 or float16, or differ in dtype
 * @throws {ShapeMismatchError} they differ in shape
 */
export function mixtures(
  coefficients: Float64Array,
  rows: readonly number[],
  tensors: readonly Tensor[],
  what: Mixed,
  finish?: (values: Float32Array, row: number) => void
): Tensor[] {
  if (rows.length === 0) return []
  const [{ dtype, shape }] = tensors
  if (dtype !== 'float32' && dtype !== 'float16') throw notFloat(dtype, what)
  const vectors = tensors.map((tensor, i) => {
    if (tensor.dtype !== dtype) {
      throw new DtypeMismatchError(`${what} to mix share one dtype: number ${i} is ${tensor.dtype}, the first ${dtype}`)
    }
    if (!sameShape(tensor.shape, shape)) {
      throw new ShapeMismatchError(
        `${what} to mix share one shape: number ${i} has [${tensor.shape}], the first [${shape}]`
      )
    }
    return floats(tensor)
  })
  const mixed = combine(coefficients, vectors, rows)
  mixed.forEach((values, i) => {
    finish?.(values, rows[i])
  })
  return mixed.map(data =>
    dtype === 'float32' ? new Tensor(dtype, shape, data) : new Tensor(dtype, shape, float32ToFloat16(data))
  )
}

function floats({ data }: Tensor): Float32Array {
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
