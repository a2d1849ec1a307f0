import { fromString } from 'uint8arrays/from-string'
import type { Model, ModelId, TensorHeader, TensorSpec } from '../../src/models/index.ts'
import type { Dtype, Packing } from '../../src/tensor/index.ts'
import { FieldReader, FieldWriter } from './bytes.ts'
import { MAX_MESSAGE_BYTES, MAX_RANK } from './constants.ts'
import { type RejectReason, SendError, WireError } from './errors.ts'
import { LastRead } from './last-read.ts'
import { LastWritten } from './last-written.ts'

/** What each side says of itself in its first frame. */
export interface Hello {
  /** Requests that the other side may have in flight; 0 from a peer that serves nothing. */
  requests: number
  /** Bytes of tensors that the other side may have in flight. */
  bytes: number
  /** The largest body that this side takes. */
  maxBodyBytes: number
  /** The forms in which it takes float32 tensors, beside as they are. */
  packings: readonly Packing[]
  /** It takes what exits of a model say before the result. */
  early?: true
  models: readonly Model[]
}

export interface Request {
  model: ModelId
  /** How long the result is of use, in whole ms from now: clocks are not compared. */
  remaining: number
  outputs: readonly string[]
  inputs: readonly TensorHeader[]
}

export interface Result {
  queueMicros: number
  runMicros: number
  outputs: readonly TensorHeader[]
}

export type FailureCode = RejectReason | 'run-failed' | 'cancelled'

export interface Failure {
  /** `undefined` for a code that a later minor version added. */
  code: FailureCode | undefined
  /** Present if the model ran to its end nevertheless. */
  timings?: { queueMicros: number; runMicros: number }
  message: string
  /** When it makes sense to ask again, in ms from now, if the worker knows. */
  retryAfterMs?: number
}

const DTYPE_CODES: Readonly<Record<Dtype, number>> = { float32: 1, float16: 2, int8: 3, uint8: 4, int32: 5, int64: 6 }
const DTYPES_BY_CODE: ReadonlyArray<Dtype | undefined> = [
  undefined,
  'float32',
  'float16',
  'int8',
  'uint8',
  'int32',
  'int64'
]

/** The code on the wire follows those of the dtypes; in a HELLO each is a bit, that of the first the lowest. */
const PACKINGS: readonly Packing[] = ['float16', 'int8']
/** The bit after them. */
const EARLY = 1 << PACKINGS.length

/** The code on the wire is the place in this list, from 1. */
const FAILURE_CODES: readonly FailureCode[] = [
  'unknown-model',
  'bad-input',
  'queue-full',
  'deadline',
  'stopping',
  'too-large',
  'run-failed',
  'cancelled'
]

const MODEL_ID_BYTES = 32
const UNKNOWN = 0xffffffff

/** The header of a HELLO, and its body: the models. */
export function encodeHello({ requests, bytes, maxBodyBytes, packings, early, models }: Hello): {
  header: Uint8Array
  body: Uint8Array
} {
  const header = new FieldWriter().u32(requests).u32(bytes).u32(maxBodyBytes).u32(models.length)
  header.u8(packings.reduce((bits, packing) => bits | (1 << PACKINGS.indexOf(packing)), early ? EARLY : 0))
  const body = new FieldWriter()
  for (const { id, name, signature } of models) {
    const fields = new FieldWriter().hex(id).text(name)
    writeSpecs(fields, signature.inputs)
    writeSpecs(fields, signature.outputs)
    const record = fields.finish()
    body.u32(record.length).bytes(record)
  }
  return { header: header.finish(), body: body.finish() }
}

export function decodeHello(header: Uint8Array, body: Uint8Array): Hello {
  const fields = new FieldReader(header)
  const [requests, bytes, maxBodyBytes, count] = [fields.u32(), fields.u32(), fields.u32(), fields.u32()]
  const bits = fields.u8()
  const records = new FieldReader(body)
  const models: Model[] = []
  for (let i = 0; i < count; i++) {
    const record = new FieldReader(records.bytes(records.u32()))
    const id = record.hex(MODEL_ID_BYTES)
    const name = record.text()
    const signature = { inputs: readSpecs(record), outputs: readSpecs(record) }
    models.push({ id, name, signature })
  }
  const packings = PACKINGS.filter((_, i) => (bits >> i) & 1)
  return { requests, bytes, maxBodyBytes, packings, ...(bits & EARLY && { early: true }), models }
}

/** @param last the fields that seldom differ from those of the request before, on the same stream */
export function encodeRequest(
  { model, remaining, outputs, inputs }: Request,
  last: LastWritten = new LastWritten()
): Uint8Array {
  const tensors = last.write({ outputs, tensors: inputs }, fields => {
    fields.u8(countOf(outputs))
    for (const name of outputs) {
      fields.text(name)
    }
    writeSpecs(fields, inputs)
  })
  return new FieldWriter().hex(model).u32(remaining).bytes(tensors).finish()
}

/** @param last the fields that seldom differ from those of the request before, on the same stream */
export function decodeRequest(header: Uint8Array, last = new LastRead<Pick<Request, 'outputs' | 'inputs'>>()): Request {
  const fields = new FieldReader(header)
  const model = fields.hex(MODEL_ID_BYTES)
  const remaining = fields.u32()
  const { outputs, inputs } = last.read(fields, () => {
    const names = Array.from({ length: fields.u8() }, () => fields.text())
    return { outputs: names, inputs: readHeads(fields) }
  })
  return { model, remaining, outputs, inputs }
}

/** @param last the fields that seldom differ from those of the result before, on the same stream */
export function encodeResult(
  { queueMicros, runMicros, outputs }: Result,
  last: LastWritten = new LastWritten()
): Uint8Array {
  const tensors = last.write({ outputs: [], tensors: outputs }, fields => writeSpecs(fields, outputs))
  return new FieldWriter().u32(queueMicros).u32(runMicros).bytes(tensors).finish()
}

/** @param last the fields that seldom differ from those of the result before, on the same stream */
export function decodeResult(header: Uint8Array, last = new LastRead<readonly TensorHeader[]>()): Result {
  const fields = new FieldReader(header)
  return { queueMicros: fields.u32(), runMicros: fields.u32(), outputs: last.read(fields, () => readHeads(fields)) }
}

/** @param last the fields that seldom differ from those of the frame before, on the same stream */
export function encodeEarly(outputs: readonly TensorHeader[], last: LastWritten = new LastWritten()): Uint8Array {
  return last.write({ outputs: [], tensors: outputs }, fields => writeSpecs(fields, outputs))
}

/** @param last the fields that seldom differ from those of the frame before, on the same stream */
export function decodeEarly(
  header: Uint8Array,
  last = new LastRead<readonly TensorHeader[]>()
): readonly TensorHeader[] {
  const fields = new FieldReader(header)
  return last.read(fields, () => readHeads(fields))
}

export function encodeFailure({ code, timings, message, retryAfterMs }: Failure): Uint8Array {
  const number = code === undefined ? 0 : FAILURE_CODES.indexOf(code) + 1
  const fields = new FieldWriter().u8(number).u8(timings === undefined ? 0 : 1)
  fields.u32(timings?.queueMicros ?? 0).u32(timings?.runMicros ?? 0)
  const text = fromString(message).subarray(0, MAX_MESSAGE_BYTES)
  fields.u16(text.length).bytes(text)
  return (retryAfterMs === undefined ? fields : fields.u32(Math.min(Math.ceil(retryAfterMs), 0xffffffff))).finish()
}

export function decodeFailure(header: Uint8Array): Failure {
  const fields = new FieldReader(header)
  const code = FAILURE_CODES[fields.u8() - 1]
  const ran = fields.u8() !== 0
  const timings = { queueMicros: fields.u32(), runMicros: fields.u32() }
  const message = fields.text()
  const failure = ran ? { code, timings, message } : { code, message }
  return fields.rest.length < 4 ? failure : { ...failure, retryAfterMs: fields.u32() }
}

function writeSpecs(fields: FieldWriter, specs: ReadonlyArray<TensorSpec & Pick<TensorHeader, 'packing'>>): void {
  fields.u8(countOf(specs))
  for (const { name, dtype, shape, packing } of specs) {
    if (shape.length > MAX_RANK) {
      throw new SendError(`tensor '${name}' has ${shape.length} axes, at most ${MAX_RANK} go on the wire`)
    }
    const code = packing === undefined ? DTYPE_CODES[dtype] : DTYPES_BY_CODE.length + PACKINGS.indexOf(packing)
    fields.text(name).u8(code).u8(shape.length)
    for (const length of shape) {
      fields.u32(length ?? UNKNOWN)
    }
  }
}

/** Specs of the tensors that a model takes or gives. */
function readSpecs(fields: FieldReader): TensorSpec[] {
  return Array.from({ length: fields.u8() }, () => {
    const name = fields.text()
    return { name, dtype: dtypeOf(fields.u8(), name), shape: readShape(fields, name) }
  })
}

/** Specs of tensors that are there: every length is known, no name comes twice, and float32 ones may be packed. */
function readHeads(fields: FieldReader): TensorHeader[] {
  const names = new Set<string>()
  return Array.from({ length: fields.u8() }, () => {
    const name = fields.text()
    if (names.has(name)) {
      throw new WireError(`a frame carries two tensors named '${name}'`)
    }
    names.add(name)
    const code = fields.u8()
    const packing = PACKINGS[code - DTYPES_BY_CODE.length]
    const dtype = packing === undefined ? dtypeOf(code, name) : 'float32'
    const shape = readShape(fields, name).map(length => {
      if (length === null) {
        throw new WireError(`tensor '${name}' of a frame has an axis of unknown length`)
      }
      return length
    })
    return packing === undefined ? { name, dtype, shape } : { name, dtype, shape, packing }
  })
}

function dtypeOf(code: number, name: string): Dtype {
  const dtype = DTYPES_BY_CODE[code]
  if (dtype === undefined) {
    throw new WireError(`tensor '${name}' has the dtype code ${code}, known are 1 to ${DTYPES_BY_CODE.length - 1}`)
  }
  return dtype
}

function readShape(fields: FieldReader, name: string): Array<number | null> {
  const rank = fields.u8()
  if (rank > MAX_RANK) {
    throw new WireError(`tensor '${name}' has ${rank} axes, at most ${MAX_RANK} are taken`)
  }
  return Array.from({ length: rank }, () => {
    const length = fields.u32()
    return length === UNKNOWN ? null : length
  })
}

function countOf(list: readonly unknown[]): number {
  if (list.length > 255) {
    throw new SendError(`${list.length} tensors or names are too many for one frame, at most 255 fit`)
  }
  return list.length
}
