import { createHash } from 'node:crypto'
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
