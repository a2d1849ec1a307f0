import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipe } from 'it-pipe'
import {
  CHUNK_BYTES,
  chunkCount,
  chunkLength,
  hashChainOf,
  type ModelCache,
  type ModelFile,
  type ModelId,
  type PartialModel
} from '../../src/models/index.ts'

/** A model as it can be given to others, whole or not. */
export interface ShelvedModel {
  readonly chain: ModelFile['chain']
  /** Which chunks are here. */
  readonly chunks: readonly boolean[]
  read(index: number): Promise<Uint8Array>
  /** To be called when it is not read any more. */
  close(): Promise<void>
}

/** What this peer can give to others: models in its cache, those being fetched, and files that it serves from elsewhere. */
export class Shelf {
  readonly #cache: ModelCache
  readonly #fetching: (id: ModelId) => PartialModel | undefined
  readonly #served: () => ReadonlyMap<ModelId, string>
  readonly #hashed = new Map<ModelId, Promise<ModelFile | undefined>>()

  constructor(
    cache: ModelCache,
    fetching: (id: ModelId) => PartialModel | undefined,
    served: () => ReadonlyMap<ModelId, string>
  ) {
    this.#cache = cache
    this.#fetching = fetching
    this.#served = served
  }

  async take(id: ModelId): Promise<ShelvedModel | undefined> {
    const partial = this.#fetching(id)
    if (partial !== undefined) {
      return {
        chain: partial.chain,
        get chunks() {
          return partial.has
        },
        read: index => partial.read(index),
        close: async () => {}
      }
    }
    const file = (await this.#cache.file(id)) ?? (await this.#servedFile(id))
    return file && openWhole(file)
  }

  /** Hashed when it is asked for first, and once: nobody may ever ask. */
  #servedFile(id: ModelId): Promise<ModelFile | undefined> {
    const path = this.#served().get(id)
    if (path === undefined) {
      return Promise.resolve(undefined)
    }
    let hashed = this.#hashed.get(id)
    if (hashed === undefined) {
      hashed = hashServed(id, path)
      this.#hashed.set(id, hashed)
    }
    return hashed
  }
}

/** A file that cannot be read, or was changed since it was loaded, is not given to others. */
async function hashServed(id: ModelId, path: string): Promise<ModelFile | undefined> {
  try {
    const { id: actual, chain } = await pipe(createReadStream(path), hashChainOf)
    return actual === id && chain !== undefined ? { path, chain } : undefined
  } catch {
    return undefined
  }
}

async function openWhole({ path, chain }: ModelFile): Promise<ShelvedModel> {
  const file = await open(path)
  const count = chunkCount(chain.size)
  return {
    chain,
    chunks: Array.from({ length: count }, () => true),
    async read(index) {
      const bytes = new Uint8Array(chunkLength(chain.size, index))
      await file.read(bytes, 0, bytes.length, index * CHUNK_BYTES)
      return bytes
    },
    close: () => file.close()
  }
}
