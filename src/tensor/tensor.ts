import { arrayOf, bytesPerElement, type DataOf, type Dtype } from './dtype.ts'
import { DtypeMismatchError, ShapeMismatchError } from './errors.ts'

/** The length of each axis, outermost first. A scalar has shape `[]`. */
export type Shape = readonly number[]

/**
 * A dense, row-major array with a dtype and a shape. It never copies: constructor, {@link Tensor.rows},
 * {@link Tensor.row}, {@link Tensor.reshape} and {@link Tensor.bytes} all look at the same memory.
 */
export class Tensor<D extends Dtype = Dtype> {
  readonly dtype: D
  readonly shape: Shape
  readonly data: DataOf<D>

  /**
   * @param dtype element type
   * @param shape length of each axis; their product must be `data.length`
   * @param data the elements, row-major; kept, not copied
   * @throws {DtypeMismatchError} `data` is not the typed array of `dtype`
   * @throws {ShapeMismatchError} the shape is not made of whole numbers ≥ 0, or does not fit the data
   */
  constructor(dtype: D, shape: Shape, data: DataOf<D>) {
    const expected = arrayOf(dtype)
    if (!(data instanceof expected)) {
      throw new DtypeMismatchError(`a ${dtype} tensor holds a ${expected.name}, got ${describe(data)}`)
    }
    const size = elements(shape)
    if (size !== data.length) {
      throw new ShapeMismatchError(`shape [${shape}] has ${size} elements, the data has ${data.length}`)
    }
    this.dtype = dtype
    this.shape = shape
    this.data = data
  }

  /** A float32 tensor over (not a copy of) `data`; a plain array of numbers is converted. */
  static float32(data: Float32Array | readonly number[], shape: Shape = [data.length]): Tensor<'float32'> {
    return new Tensor('float32', shape, data instanceof Float32Array ? data : Float32Array.from(data))
  }

  /**
   * Reads a tensor from its bytes on the wire: little-endian, row-major, no padding. The bytes are viewed where their
   * offset is aligned for the dtype, else copied once.
   *
   * @throws {ShapeMismatchError} the number of bytes is not that of the shape
   */
  static fromBytes<D extends Dtype>(dtype: D, shape: Shape, bytes: Uint8Array): Tensor<D> {
    const size = elements(shape)
    const width = bytesPerElement(dtype)
    if (bytes.byteLength !== size * width) {
      throw new ShapeMismatchError(
        `a ${dtype} tensor of shape [${shape}] takes ${size * width} bytes, got ${bytes.byteLength}`
      )
    }
    const aligned = bytes.byteOffset % width === 0 ? bytes : bytes.slice()
    const view = new (arrayOf(dtype))(aligned.buffer as ArrayBuffer, aligned.byteOffset, size)
    return new Tensor(dtype, shape, view as DataOf<D>)
  }

  /** Number of elements. */
  get size(): number {
    return this.data.length
  }

  get byteLength(): number {
    return this.data.byteLength
  }

  /** The bytes as they go on the wire (little-endian, row-major): a view, not a copy. */
  get bytes(): Uint8Array {
    return new Uint8Array(this.data.buffer, this.data.byteOffset, this.data.byteLength)
  }

  /** Rows `from` (included) to `to` (not included) of the first axis, as a view. */
  rows(from: number, to: number): Tensor<D> {
    const [count, ...rest] = this.shape
    if (count === undefined || from < 0 || to > count || from > to) {
      throw new ShapeMismatchError(`rows ${from} to ${to} are not in a tensor of shape [${this.shape}]`)
    }
    const width = elements(rest)
    return new Tensor(this.dtype, [to - from, ...rest], this.data.subarray(from * width, to * width) as DataOf<D>)
  }

  /** Row `index` of the first axis without that axis, as a view. */
  row(index: number): Tensor<D> {
    return this.rows(index, index + 1).reshape(this.shape.slice(1))
  }

  /** The same elements under another shape, as a view. */
  reshape(shape: Shape): Tensor<D> {
    return new Tensor(this.dtype, shape, this.data)
  }

  /** A tensor with memory of its own. */
  clone(): Tensor<D> {
    return new Tensor(this.dtype, this.shape, this.data.slice() as DataOf<D>)
  }
}

/** The number of elements of a shape. */
export function elements(shape: Shape): number {
  let size = 1
  for (const length of shape) {
    if (!Number.isSafeInteger(length) || length < 0) {
      throw new ShapeMismatchError(`a shape is made of whole numbers ≥ 0, got [${shape}]`)
    }
    size *= length
  }
  return size
}

/**
 * Joins tensors of one dtype and shape along a new first axis: `m` tensors of shape `[…s]` give `[m, …s]`.
 *
 * @throws {ShapeMismatchError} there is none, or they differ in shape
 * @throws {DtypeMismatchError} they differ in dtype
 */
export function stack<D extends Dtype>(tensors: ReadonlyArray<Tensor<D>>): Tensor<D> {
  const [first] = tensors
  if (first === undefined) {
    throw new ShapeMismatchError('cannot stack no tensors')
  }
  const data = new (arrayOf(first.dtype))(first.size * tensors.length)
  tensors.forEach((tensor, i) => {
    if (tensor.dtype !== first.dtype) {
      throw new DtypeMismatchError(`tensor ${i} to stack is ${tensor.dtype}, the first is ${first.dtype}`)
    }
    if (!sameShape(tensor.shape, first.shape)) {
      throw new ShapeMismatchError(`tensor ${i} to stack has shape [${tensor.shape}], the first has [${first.shape}]`)
    }
    ;(data as Uint8Array).set(tensor.data as Uint8Array, i * first.size)
  })
  return new Tensor(first.dtype, [tensors.length, ...first.shape], data as DataOf<D>)
}

/** Is every element a finite number? Always so for whole-number dtypes. */
export function allFinite(tensor: Tensor): boolean {
  if (tensor.dtype === 'float16') {
    // Half-precision bits with all five exponent bits set are infinities and NaN.
    return (tensor.data as Uint16Array).every(bits => (bits & 0x7c00) !== 0x7c00)
  }
  if (tensor.dtype === 'float32') {
    // x − x is 0 for a finite x, and NaN otherwise: one test at the end for all elements.
    const data = tensor.data as Float32Array
    let sum = 0
    for (let i = 0; i < data.length; i++) {
      sum += data[i] - data[i]
    }
    return sum === 0
  }
  return true
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis])
}

function describe(data: unknown): string {
  return data !== null && typeof data === 'object' ? data.constructor.name : typeof data
}
