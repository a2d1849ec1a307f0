import { chunkCount, isModelId, type ModelId, STATE_BYTES } from '../../src/models/index.ts'
import { ModelWireError } from './errors.ts'

/** The code on the wire is the place in this list, from 1. */
export const FRAME_TYPES = ['want', 'have', 'ask-chain', 'chain', 'ask-chunk', 'chunk', 'refused'] as const

export type FrameType = (typeof FRAME_TYPES)[number]

/** What a peer has of a model. */
export interface Have {
  /** Bytes of the whole file. */
  size: number
  /** What tells its chain from others: hexadecimal sha-256 of the chain. */
  digest: string
  /** Which chunks it has. */
  chunks: readonly boolean[]
}

/** Why a question is not answered: nothing of the model is here, or not this chunk. */
export type Refusal = 'absent' | 'no-chunk'

const REFUSALS: readonly Refusal[] = ['absent', 'no-chunk']

const ID_BYTES = 32
const HAVE_BYTES = 8 + ID_BYTES

/** The body of a HAVE: a bit for each chunk, that of chunk 0 the lowest of the first byte. */
export function bitmapBytes(chunks: number): number {
  return Math.ceil(chunks / 8)
}

export function encodeId(id: ModelId): Uint8Array {
  return Buffer.from(id, 'hex')
}

export function decodeId(header: Uint8Array): ModelId {
  const id = hex(field(header, 0, ID_BYTES))
  if (!isModelId(id)) {
    throw new ModelWireError('a WANT must carry the 32 bytes of a model id')
  }
  return id
}

export function encodeIndex(index: number): Uint8Array {
  const header = Buffer.alloc(4)
  header.writeUInt32LE(index)
  return header
}

export function decodeIndex(header: Uint8Array): number {
  return field(header, 0, 4).readUInt32LE()
}

export function encodeHave({ size, digest, chunks }: Have): { header: Uint8Array; body: Uint8Array } {
  const header = Buffer.alloc(HAVE_BYTES)
  header.writeBigUInt64LE(BigInt(size))
  header.write(digest, 8, 'hex')
  const body = new Uint8Array(bitmapBytes(chunks.length))
  chunks.forEach((has, i) => {
    body[i >> 3] |= Number(has) << (i & 7)
  })
  return { header, body }
}

/** @param maxBytes a larger model is refused before anything is reserved for it */
export function decodeHave(header: Uint8Array, body: Uint8Array, maxBytes: number): Have {
  const size = Number(field(header, 0, 8).readBigUInt64LE())
  const digest = hex(field(header, 8, ID_BYTES))
  if (size < 1 || size > maxBytes) {
    throw new ModelWireError(`the peer says that the model has ${size} bytes, 1 to ${maxBytes} are taken`)
  }
  const count = chunkCount(size)
  if (body.length !== bitmapBytes(count)) {
    throw new ModelWireError(
      `a HAVE of ${count} chunks must have a body of ${bitmapBytes(count)} bytes, got ${body.length}`
    )
  }
  return { size, digest, chunks: Array.from({ length: count }, (_, i) => ((body[i >> 3] >> (i & 7)) & 1) === 1) }
}

export function encodeRefusal(refusal: Refusal): Uint8Array {
  return Uint8Array.of(REFUSALS.indexOf(refusal) + 1)
}

/** One that a later minor version added is as good as `absent`. */
export function decodeRefusal(header: Uint8Array): Refusal {
  return REFUSALS[field(header, 0, 1).readUInt8() - 1] ?? 'absent'
}

/** Bytes of the chain of a model of so many bytes. */
export function chainBytes(size: number): number {
  return 8 + chunkCount(size) * STATE_BYTES
}

/** Fields may follow those that are known: a later minor version adds them there. */
function field(header: Uint8Array, at: number, bytes: number): Buffer {
  if (header.length < at + bytes) {
    throw new ModelWireError(`a header of ${header.length} bytes ends before its field at ${at} of ${bytes} bytes`)
  }
  return Buffer.from(header.buffer, header.byteOffset + at, bytes)
}

function hex(bytes: Buffer): string {
  return bytes.toString('hex')
}
