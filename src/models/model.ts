import { createHash } from 'node:crypto'
import { CID } from 'multiformats/cid'
import { code as RAW } from 'multiformats/codecs/raw'
import { create as createDigest } from 'multiformats/hashes/digest'
import type { ModelSignature } from './signature.ts'

/** The identity of a model: the sha-256 of its file, 64 lower-case hexadecimal digits. */
export type ModelId = string

/** A model that a peer can run. */
export interface Model {
  id: ModelId
  /** What people call it. Two peers may use one name for different models: only the id tells. */
  name: string
  signature: ModelSignature
}

/** The content id of a model file. */
export function contentId(file: Uint8Array): ModelId {
  return createHash('sha256').update(file).digest('hex')
}

/** The content id of a model file that is read in pieces, so that a large one need not be in memory at once. */
export async function contentIdOf(pieces: AsyncIterable<Uint8Array>): Promise<ModelId> {
  const hash = createHash('sha256')
  for await (const piece of pieces) {
    hash.update(piece)
  }
  return hash.digest('hex')
}

export function isModelId(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text)
}

/** The code of sha2-256 in the table of multihashes. */
const SHA2_256 = 0x12

/** The id that a text means: 64 hexadecimal digits, or a CID of the whole file (raw, sha2-256). Undefined if it is neither. */
export function parseModelId(text: string): ModelId | undefined {
  if (/^[0-9a-f]{64}$/i.test(text)) {
    return text.toLowerCase()
  }
  try {
    const { code, multihash } = CID.parse(text)
    return code === RAW && multihash.code === SHA2_256 ? Buffer.from(multihash.digest).toString('hex') : undefined
  } catch {
    return undefined
  }
}

/** The id as libp2p and IPFS write it: `bafkrei…`, CIDv1 of the whole file as one raw block, sha2-256. */
export function cidOf(id: ModelId): string {
  return CID.createV1(RAW, createDigest(SHA2_256, Buffer.from(id, 'hex'))).toString()
}
