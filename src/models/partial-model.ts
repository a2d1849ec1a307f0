import { type FileHandle, open } from 'node:fs/promises'
import { CHUNK_BYTES, chunkCount, chunkLength, type HashChain, isLink } from './hash-chain.ts'
import type { ModelId } from './model.ts'

/**
 * A model on disk of which only some chunks are there. A chunk is written at its place, and only when it fits the chain:
 * whatever was interrupted, opening it again finds by their hashes which chunks are good. Two processes may even write the same
 * file, since they write the same.
 */
export class PartialModel {
  readonly path: string
  readonly id: ModelId
  readonly chain: HashChain
  readonly #file: FileHandle
  readonly #has: boolean[]
  #missing: number

  private constructor(path: string, id: ModelId, chain: HashChain, file: FileHandle) {
    this.path = path
    this.id = id
    this.chain = chain
    this.#file = file
    this.#missing = chunkCount(chain.size)
    this.#has = Array.from({ length: this.#missing }, () => false)
  }

  /** Opens the file, or makes it, and keeps the chunks in it that fit the chain. */
  static async open(path: string, id: ModelId, chain: HashChain): Promise<PartialModel> {
    const file = await open(path, 'r+').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') {
        throw error
      }
      return open(path, 'w+')
    })
    const partial = new PartialModel(path, id, chain, file)
    const { size } = await file.stat()
    for (let index = 0; index * CHUNK_BYTES < Math.min(size, chain.size); index++) {
      // a file has holes where chunks are missing: they are zeros, and hashing them would take the longest
      const chunk = await partial.read(index)
      if (chunk.some(byte => byte !== 0) && isLink(id, chain, index, chunk)) {
        partial.#mark(index)
      }
    }
    await file.truncate(chain.size)
    return partial
  }

  /** Which chunks are there. */
  get has(): readonly boolean[] {
    return this.#has
  }

  get complete(): boolean {
    return this.#missing === 0
  }

  /** Chunks that are not there yet. */
  get missing(): number {
    return this.#missing
  }

  /** Keeps a chunk if it fits the chain, and says whether it did, or was there already. */
  async put(index: number, chunk: Uint8Array): Promise<'kept' | 'known' | 'false'> {
    if (!isLink(this.id, this.chain, index, chunk)) {
      return 'false'
    }
    await this.#file.write(chunk, 0, chunk.length, index * CHUNK_BYTES)
    return this.#mark(index) ? 'kept' : 'known'
  }

  async read(index: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(chunkLength(this.chain.size, index))
    const { bytesRead } = await this.#file.read(bytes, 0, bytes.length, index * CHUNK_BYTES)
    return bytes.subarray(0, bytesRead)
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  #mark(index: number): boolean {
    const isNew = !this.#has[index]
    this.#has[index] = true
    this.#missing -= Number(isNew)
    return isNew
  }
}
