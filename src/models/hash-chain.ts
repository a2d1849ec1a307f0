import { _SHA256 } from '@noble/hashes/sha2.js'
import { contentId, type ModelId } from './model.ts'

/** Bytes of a chunk; only the last of a file may have fewer. A multiple of 64, SHA-256's own block. */
export const CHUNK_BYTES = 256 * 1024

/** Bytes of a state of SHA-256. */
export const STATE_BYTES = 32

/**
 * How the SHA-256 of a file comes about: the state of the hash function before each chunk. From the state before a chunk
 * and the chunk itself follows the state before the next, and from the last the content id. So a chunk can be checked as
 * soon as it is there, in any order, and when every chunk fits, the file's SHA-256 is the content id: nothing else has to be
 * trusted. A false chain has at least one link for which no chunk can be found, unless SHA-256's compression function
 * is broken. (Known from the Beyond Bitswap proposal RFC|BB|L2-09, where large blocks are sent backwards for it.)
 */
export interface HashChain {
  /** Bytes of the file, which the padding of SHA-256 binds to the content id. At least 1. */
  readonly size: number
  /** The state before each chunk, one after the other: 32 bytes each. */
  readonly states: Uint8Array
}

export function chunkCount(size: number): number {
  return Math.ceil(size / CHUNK_BYTES)
}

/** Bytes of chunk `index` of a file of `size` bytes. */
export function chunkLength(size: number, index: number): number {
  return Math.min(CHUNK_BYTES, size - index * CHUNK_BYTES)
}

/** Is this the chunk `index` of the file `id`, if the chain is true? */
export function isLink(id: ModelId, { size, states }: HashChain, index: number, chunk: Uint8Array): boolean {
  if (chunk.length !== chunkLength(size, index)) {
    return false
  }
  const at = index * STATE_BYTES
  const hash = new ResumedSha256(states.subarray(at, at + STATE_BYTES), index * CHUNK_BYTES).update(chunk)
  return index === chunkCount(size) - 1
    ? hex(hash.digest()) === id
    : hex(hash.state) === hex(states.subarray(at + STATE_BYTES, at + 2 * STATE_BYTES))
}

/** Could this be the chain of a file? Its states start where SHA-256 starts, and there is one for each chunk. */
export function isChain({ size, states }: HashChain): boolean {
  return (
    Number.isSafeInteger(size) &&
    size > 0 &&
    states.length === chunkCount(size) * STATE_BYTES &&
    hex(states.subarray(0, STATE_BYTES)) === hex(new ResumedSha256().state)
  )
}

/** What tells chains apart: sha-256 of the size (u64, little-endian) and the states. */
export function chainDigest(chain: HashChain): string {
  return contentId(encodeChain(chain))
}

/** As bytes: the size as a little-endian u64, then the states. */
export function encodeChain({ size, states }: HashChain): Uint8Array {
  const bytes = new Uint8Array(8 + states.length)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(size), true)
  bytes.set(states, 8)
  return bytes
}

/** The chain in these bytes, or undefined if it cannot be one. */
export function decodeChain(bytes: Uint8Array): HashChain | undefined {
  if (bytes.length < 8) {
    return undefined
  }
  const size = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true))
  const chain = { size, states: bytes.subarray(8) }
  return isChain(chain) ? chain : undefined
}

/**
 * The chain of a file that comes in pieces of any length, and its content id.
 *
 * @returns no chain for an empty file
 */
export async function hashChainOf(
  pieces: AsyncIterable<Uint8Array>
): Promise<{ id: ModelId; chain: HashChain | undefined }> {
  const hash = new ResumedSha256()
  const states: Uint8Array[] = []
  let size = 0
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      const inChunk = size % CHUNK_BYTES
      if (inChunk === 0) {
        states.push(hash.state)
      }
      const part = piece.subarray(at, at + CHUNK_BYTES - inChunk)
      hash.update(part)
      at += part.length
      size += part.length
    }
  }
  return { id: hex(hash.digest()), chain: size === 0 ? undefined : { size, states: Buffer.concat(states) } }
}

/** SHA-256 that goes on from a state between two of its blocks. The one of Node does not give its state out. */
class ResumedSha256 extends _SHA256 {
  /** @param bytes those that were hashed before, a multiple of 64 */
  constructor(state?: Uint8Array, bytes = 0) {
    super()
    if (state !== undefined) {
      const view = new DataView(state.buffer, state.byteOffset, STATE_BYTES)
      const word = (i: number): number => view.getInt32(4 * i)
      this.set(word(0), word(1), word(2), word(3), word(4), word(5), word(6), word(7))
      this.length = bytes
    }
  }

  /** Whole only between two blocks. */
  get state(): Uint8Array {
    const bytes = new Uint8Array(STATE_BYTES)
    const view = new DataView(bytes.buffer)
    this.get().forEach((word, i) => {
      view.setInt32(4 * i, word)
    })
    return bytes
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}
