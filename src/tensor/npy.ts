import { bytesPerElement, DTYPES, type Dtype } from './dtype.ts'
import { NpyFormatError, ShapeMismatchError } from './errors.ts'
import { elements, type Shape, Tensor } from './tensor.ts'

const MAGIC = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59)
const MAGIC_TEXT = '\\x93NUMPY'
/** The header of a plain array is about 100 bytes; numpy itself refuses those above 10,000. */
const MAX_HEADER = 10_000
const ALIGNMENT = 64

const DESCRIPTIONS: Record<Dtype, string> = {
  float32: '<f4',
  float16: '<f2',
  int8: '|i1',
  uint8: '|u1',
  int32: '<i4',
  int64: '<i8'
}
const DOUBLE = '<f8'

/**
 * Reads a `.npy` file, versions 1.0 to 3.0: little-endian float16, float32, int32, int64, and int8, uint8. float64 is
 * narrowed to float32: rounded to the nearest, and infinite beyond ±3.4e38. The data is viewed where it is aligned,
 * else copied once.
 *
 * Source: numpy.lib.format, "NPY format".
 *
 * @throws {NpyFormatError} not such a file: no magic, unknown version, oversized or malformed header, another dtype, Fortran
 * order, or not as many bytes of data as the shape says
 */
export function parseNpy(bytes: Uint8Array): Tensor {
  const { text, dataOffset } = readHeader(bytes)
  const description = field(text, 'descr', /'([^']*)'/)
  const shape = parseShape(field(text, 'shape', /\(([\d\s,]*)\)/))
  if (field(text, 'fortran_order', /(True|False)/) === 'True') {
    throw new NpyFormatError('the array is in Fortran order; save numpy.ascontiguousarray(array) instead')
  }
  const data = bytes.subarray(dataOffset)
  if (description === DOUBLE) return narrow(shape, data)
  const dtype = dtypeOf(description)
  requireBytes(description, shape, data, bytesPerElement(dtype))
  return Tensor.fromBytes(dtype, shape, data)
}

/** Writes a `.npy` file of version 1.0, its data aligned to 64 bytes. */
export function formatNpy(tensor: Tensor): Uint8Array {
  const shape = tensor.shape.length === 1 ? `${tensor.shape[0]},` : tensor.shape.join(', ')
  const header = `{'descr': '${DESCRIPTIONS[tensor.dtype]}', 'fortran_order': False, 'shape': (${shape}), }`
  const start = MAGIC.length + 4
  const dataOffset = Math.ceil((start + header.length + 1) / ALIGNMENT) * ALIGNMENT
  const length = dataOffset - start
  const file = new Uint8Array(dataOffset + tensor.byteLength)
  file.set(MAGIC)
  file.set([1, 0, length & 0xff, length >> 8], MAGIC.length)
  file.set(new TextEncoder().encode(`${header.padEnd(length - 1)}\n`), start)
  file.set(tensor.bytes, dataOffset)
  return file
}

function readHeader(bytes: Uint8Array): { text: string; dataOffset: number } {
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw new NpyFormatError(`a .npy file starts with ${MAGIC_TEXT}; this one does not`)
  }
  const major = bytes[6]
  if (major !== 1 && major !== 2 && major !== 3) {
    throw new NpyFormatError(`.npy versions 1.0, 2.0 and 3.0 can be read, this file says ${major}.${bytes[7]}`)
  }
  const start = major === 1 ? 10 : 12
  if (bytes.length < start) throw new NpyFormatError(`the file ends in its header, after ${bytes.length} bytes`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  if (length > MAX_HEADER) {
    throw new NpyFormatError(`the header says it has ${length} bytes; at most ${MAX_HEADER} are read`)
  }
  const dataOffset = start + length
  if (bytes.length < dataOffset) {
    throw new NpyFormatError(`the header should end at byte ${dataOffset}, the file has ${bytes.length}`)
  }
  return { text: new TextDecoder().decode(bytes.subarray(start, dataOffset)), dataOffset }
}

// The header is the text of a Python dict with exactly these keys, in any order.
function field(header: string, key: string, value: RegExp): string {
  const match = new RegExp(`'${key}'\\s*:\\s*${value.source}`).exec(header)
  if (match === null) throw new NpyFormatError(`the header has no readable '${key}': ${header.trim().slice(0, 200)}`)
  return match[1]
}

function parseShape(text: string): Shape {
  const shape = text
    .split(',')
    .map(length => length.trim())
    .filter(length => length !== '')
    .map(Number)
  try {
    elements(shape)
  } catch (cause) {
    if (!(cause instanceof ShapeMismatchError)) throw cause
    throw new NpyFormatError(`the shape (${text}) is not one`, { cause })
  }
  return shape
}

function dtypeOf(description: string): Dtype {
  const dtype = DTYPES.find(candidate => DESCRIPTIONS[candidate] === description)
  if (dtype !== undefined) return dtype
  const known = [...Object.values(DESCRIPTIONS), DOUBLE].join(', ')
  throw new NpyFormatError(`dtype '${description}' cannot be read, only ${known}; convert with array.astype(…)`)
}

function requireBytes(description: string, shape: Shape, data: Uint8Array, width: number): void {
  const expected = elements(shape) * width
  if (data.length !== expected) {
    throw new NpyFormatError(
      `'${description}' of shape (${shape}) takes ${expected} bytes, the file has ${data.length}`
    )
  }
}

function narrow(shape: Shape, data: Uint8Array): Tensor {
  requireBytes(DOUBLE, shape, data, Float64Array.BYTES_PER_ELEMENT)
  const aligned = data.byteOffset % 8 === 0 ? data : data.slice()
  const doubles = new Float64Array(aligned.buffer, aligned.byteOffset, elements(shape))
  return Tensor.float32(Float32Array.from(doubles), shape)
}
