import { createReadStream } from 'node:fs'
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { pipe } from 'it-pipe'
import { checkModelFile } from './check-model-file.ts'
import { CacheFullError, ModelCorruptError, ModelNotCachedError } from './errors.ts'
import { decodeChain, encodeChain, type HashChain, hashChainOf } from './hash-chain.ts'
import { contentId, isModelId, type ModelId } from './model.ts'
import { PartialModel } from './partial-model.ts'

/** Room for models on disk, if the caller says nothing. */
const DEFAULT_MAX_BYTES = 10 * 1024 ** 3

export interface ModelCacheInit {
  /** Made when something is first written to it. Several processes may share it. */
  folder: string
  /** Room for complete and incomplete models together; those used longest ago go first. @default 10 GiB */
  maxBytes?: number
  /** Milliseconds since 1970, to tell what was used last. */
  now(): number
}

/** A whole model in the cache. */
export interface CachedModel {
  id: ModelId
  /** What it was called when it was added. */
  name: string
  bytes: number
  path: string
  /** Milliseconds since 1970. */
  usedAt: number
}

/** A model file and how its hash comes about, which is all that is needed to give it to others. */
export interface ModelFile {
  path: string
  chain: HashChain
}

/**
 * Model files by their content id, in a folder: `<id>.onnx`, beside it `<id>.chain` and `<id>.name`, and `<id>.part` while
 * it is incomplete. What is complete was hashed as a whole, and is safe for ONNX Runtime ({@link checkModelFile}).
 */
export interface ModelCache {
  list(): Promise<CachedModel[]>
  /** A complete model, which this process does not evict from now on; undefined if it is not here. */
  use(id: ModelId): Promise<CachedModel | undefined>
  /**
   * Copies a file into the cache.
   *
   * @throws {MalformedModelError | UnsafeModelError} the file is refused
   * @throws {CacheFullError} it is larger than the room that can be made
   */
  add(file: string, name: string): Promise<CachedModel>
  /** Hashes a complete model again. @throws {ModelCorruptError} it is not what its id says; it is removed */
  verify(id: ModelId): Promise<void>
  /** Removes a model, complete or not. @throws {ModelNotCachedError} */
  remove(id: ModelId): Promise<void>
  /** A complete model to give to others. */
  file(id: ModelId): Promise<ModelFile | undefined>
  /** What there is of an incomplete model, checked; undefined if there is nothing. */
  resume(id: ModelId): Promise<PartialModel | undefined>
  /**
   * Makes room for a model and keeps what there is of it that fits the chain.
   *
   * @throws {CacheFullError} it is larger than the room that can be made
   */
  begin(id: ModelId, chain: HashChain): Promise<PartialModel>
  /**
   * Takes a partial model, every chunk of which is there, into the cache.
   *
   * @throws {MalformedModelError | UnsafeModelError | ModelCorruptError} it is refused, and removed
   */
  finish(partial: PartialModel, name: string): Promise<CachedModel>
}

export function modelCache(init: ModelCacheInit): ModelCache {
  return new FolderCache(init)
}

class FolderCache implements ModelCache {
  readonly #folder: string
  readonly #maxBytes: number
  readonly #now: () => number
  readonly #used = new Set<ModelId>()

  constructor({ folder, maxBytes = DEFAULT_MAX_BYTES, now }: ModelCacheInit) {
    this.#folder = folder
    this.#maxBytes = maxBytes
    this.#now = now
  }

  async list(): Promise<CachedModel[]> {
    const names = await readdir(this.#folder).catch(orMissing([]))
    const ids = names.filter(name => name.endsWith('.onnx')).map(name => path.basename(name, '.onnx'))
    const models = await Promise.all(ids.filter(isModelId).map(id => this.#find(id)))
    return models.filter(model => model !== undefined)
  }

  async use(id: ModelId): Promise<CachedModel | undefined> {
    const model = await this.#find(id)
    if (model !== undefined) {
      this.#used.add(id)
      await this.#touch(id)
    }
    return model
  }

  async add(file: string, name: string): Promise<CachedModel> {
    await mkdir(this.#folder, { recursive: true })
    // What is checked must be what is kept: the file itself may change meanwhile.
    const copy = path.join(this.#folder, `add-${process.pid}`)
    try {
      await copyFile(file, copy)
      checkModelFile(await readFile(copy))
      const { id, chain } = await pipe(createReadStream(copy), hashChainOf)
      if (chain !== undefined && (await this.#find(id)) === undefined) {
        await this.#makeRoom(id, chain.size)
        await this.#writeChain(id, chain)
        await rename(copy, this.#path(id, 'onnx'))
      }
      return await this.#named(id, name)
    } finally {
      await rm(copy, { force: true })
    }
  }

  async verify(id: ModelId): Promise<void> {
    const model = await this.#find(id)
    if (model === undefined) {
      throw new ModelNotCachedError(`no model ${id} in ${this.#folder}`)
    }
    const { id: actual } = await pipe(createReadStream(model.path), hashChainOf)
    if (actual !== id) {
      await this.remove(id)
      throw new ModelCorruptError(
        `the file of model ${id} hashes to ${actual}: it was changed on disk and is removed, fetch or add it again`
      )
    }
  }

  async remove(id: ModelId): Promise<void> {
    const found = await Promise.all(['onnx', 'part'].map(kind => exists(this.#path(id, kind))))
    if (!found.includes(true)) {
      throw new ModelNotCachedError(`no model ${id} in ${this.#folder}`)
    }
    this.#used.delete(id)
    await Promise.all(['onnx', 'part', 'chain', 'name'].map(kind => rm(this.#path(id, kind), { force: true })))
  }

  async file(id: ModelId): Promise<ModelFile | undefined> {
    const model = await this.#find(id)
    if (model === undefined) {
      return undefined
    }
    const known = await this.#readChain(id)
    if (known?.size === model.bytes) {
      return { path: model.path, chain: known }
    }
    const { id: actual, chain } = await pipe(createReadStream(model.path), hashChainOf)
    if (actual !== id || chain === undefined) {
      return undefined
    }
    await this.#writeChain(id, chain)
    return { path: model.path, chain }
  }

  async resume(id: ModelId): Promise<PartialModel | undefined> {
    const chain = (await exists(this.#path(id, 'part'))) ? await this.#readChain(id) : undefined
    return chain && this.begin(id, chain)
  }

  async begin(id: ModelId, chain: HashChain): Promise<PartialModel> {
    await this.#makeRoom(id, chain.size)
    this.#used.add(id)
    await this.#writeChain(id, chain)
    return PartialModel.open(this.#path(id, 'part'), id, chain)
  }

  async finish(partial: PartialModel, name: string): Promise<CachedModel> {
    const { id } = partial
    await partial.close()
    // Another process that shares the folder may have finished the same model first.
    const file = await readFile(this.#path(id, 'part')).catch(orMissing(undefined))
    if (file !== undefined) {
      try {
        const actual = contentId(file)
        if (actual !== id) {
          throw new ModelCorruptError(
            `the chunks of model ${id} hash to ${actual} on disk: is the disk sound? Fetch it again`
          )
        }
        checkModelFile(file)
      } catch (error) {
        await this.remove(id)
        throw error
      }
      await rename(partial.path, this.#path(id, 'onnx')).catch(orMissing(undefined))
    }
    return this.#named(id, name)
  }

  async #find(id: ModelId): Promise<CachedModel | undefined> {
    const file = this.#path(id, 'onnx')
    const found = await stat(file).catch(orMissing(undefined))
    if (found === undefined) {
      return undefined
    }
    const name = await readFile(this.#path(id, 'name'), 'utf8').catch(orMissing(''))
    return { id, name, bytes: found.size, path: file, usedAt: found.mtimeMs }
  }

  async #named(id: ModelId, name: string): Promise<CachedModel> {
    await writeFile(this.#path(id, 'name'), name)
    const model = await this.use(id)
    if (model === undefined) {
      throw new ModelNotCachedError(`model ${id} was removed from ${this.#folder} while it was added`)
    }
    return model
  }

  async #touch(id: ModelId): Promise<void> {
    const seconds = this.#now() / 1000
    await utimes(this.#path(id, 'onnx'), seconds, seconds)
  }

  /** Evicts models until one of `bytes` fits; those that this process uses or fetches stay. */
  async #makeRoom(id: ModelId, bytes: number): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    const others = (await this.#stored()).filter(file => file.id !== id)
    const evictable = others.filter(file => !this.#used.has(file.id)).sort((a, b) => a.usedAt - b.usedAt)
    let taken = bytesOf(others) + bytes
    if (taken - bytesOf(evictable) > this.#maxBytes) {
      throw new CacheFullError(
        `a model of ${bytes} bytes does not fit ${this.#folder}, which may hold ${this.#maxBytes}: allow it more, or remove models that are in use`
      )
    }
    for (const file of evictable) {
      if (taken > this.#maxBytes) {
        await this.remove(file.id)
        taken -= file.bytes
      }
    }
  }

  /** What takes room: complete models, and incomplete ones as if they were complete. */
  async #stored(): Promise<Array<Pick<CachedModel, 'id' | 'bytes' | 'usedAt'>>> {
    const names = (await readdir(this.#folder)).filter(name => /^[0-9a-f]{64}\.(onnx|part)$/.test(name))
    const files = await Promise.all(
      names.map(async name => {
        const found = await stat(path.join(this.#folder, name)).catch(orMissing(undefined))
        return found && { id: path.parse(name).name, bytes: found.size, usedAt: found.mtimeMs }
      })
    )
    return files.filter(file => file !== undefined)
  }

  async #readChain(id: ModelId): Promise<HashChain | undefined> {
    const bytes = await readFile(this.#path(id, 'chain')).catch(orMissing(undefined))
    return bytes && decodeChain(bytes)
  }

  async #writeChain(id: ModelId, chain: HashChain): Promise<void> {
    await writeFile(this.#path(id, 'chain'), encodeChain(chain))
  }

  #path(id: ModelId, kind: string): string {
    return path.join(this.#folder, `${id}.${kind}`)
  }
}

function bytesOf(files: ReadonlyArray<{ bytes: number }>): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0)
}

async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(orMissing(undefined))) !== undefined
}

/** Handles a rejection: of a file that does not exist with `instead`, else it goes on. */
function orMissing<T>(instead: T): (error: NodeJS.ErrnoException) => T {
  return error => {
    if (error.code !== 'ENOENT') {
      throw error
    }
    return instead
  }
}
