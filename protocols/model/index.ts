/**
 * @packageDocumentation
 *
 * The libp2p protocol by which models travel: `/splinemesh/model/1.0.0`. A peer that lacks a model fetches it by its content
 * id, in chunks that are checked one by one, from every connected peer that has some of it, and gives what it has to others
 * at the same time. Every byte is described in `docs/protocols/model.md`.
 *
 * @example
 *
 * ```typescript
 * import { noise } from '@chainsafe/libp2p-noise'
 * import { yamux } from '@chainsafe/libp2p-yamux'
 * import { identify } from '@libp2p/identify'
 * import { tcp } from '@libp2p/tcp'
 * import { createLibp2p } from 'libp2p'
 * import { modelExchange } from './protocols/model/index.ts'
 * import { modelCache, parseModelId } from './src/models/index.ts'
 *
 * const cache = modelCache({ folder: 'models', now: Date.now })
 * const node = await createLibp2p({
 *   transports: [tcp()],
 *   connectionEncrypters: [noise()],
 *   streamMuxers: [yamux()],
 *   services: { identify: identify(), models: modelExchange({ cache }) }
 * })
 *
 * const id = parseModelId('bafkreibozc2acnids33vedcpkaqpouwabqcb67pdmkvl46cm7tuvoia6dq')
 * const { path } = await node.services.models.fetch(id, { signal: AbortSignal.timeout(60_000) })
 * ```
 */
import type { AbortOptions, ComponentLogger } from '@libp2p/interface'
import type { ConnectionManager, Registrar } from '@libp2p/interface-internal'
import type { CachedModel, ModelCache, ModelId } from '../../src/models/index.ts'
import { ModelExchange as ModelExchangeClass } from './model-exchange.ts'

/** How long each stage may take, in ms. */
export interface Timeouts {
  /** To connect and to open a stream to a provider. */
  open: number
  /** From a question to the last byte of its answer. */
  answer: number
  /** From the first byte of an answer to the last being taken by the one who asked. */
  send: number
  /** Without a question on a stream, after which its provider ends it. */
  idle: number
  /** Without a chunk from anybody, after which a fetch is given up. */
  patience: number
}

export interface ModelExchangeInit {
  /** Where fetched models are kept, and given to others from. */
  cache: ModelCache
  /** Model files outside the cache that are given to others too, by their content id. */
  served?(): ReadonlyMap<ModelId, string>
  /** Content ids that may be fetched. @default any that is asked for */
  allow?: readonly ModelId[]
  /** The largest model that is fetched. @default 1 GiB */
  maxModelBytes?: number
  /** Streams on which other peers may ask at the same time; each takes up to 256 KiB of memory. @default 64 */
  maxStreams?: number
  /** @default 10 s to open, answer and send, 60 s idle, 15 s of patience */
  timeouts?: Partial<Timeouts>
}

export interface ModelExchangeComponents {
  registrar: Registrar
  connectionManager: ConnectionManager
  logger: ComponentLogger
}

/** Told when a chunk was checked and kept. */
export interface FetchProgress {
  /** Which it is, from 0. */
  chunk: number
  /** Chunks that are here, of all. */
  chunks: number
  of: number
  /** Of the whole model. */
  bytes: number
  /** The peer that sent it. */
  from: string
}

export interface FetchOptions extends AbortOptions {
  /** What to call the model in the cache. */
  name?: string
  progress?(progress: FetchProgress): void
}

export interface ModelExchange {
  /**
   * The model from the cache, or from the connected peers that have it. What was fetched before an interruption is not
   * fetched again. Only the first of several calls for one model is told of progress.
   *
   * @throws {ModelUnavailableError} no chunk came for the time of patience
   * @throws {ModelNotAllowedError} the id is not on the list
   * @throws {MalformedModelError | UnsafeModelError} the model is refused; nothing of it is kept
   * @throws {CacheFullError} it is larger than the room that can be made
   */
  fetch(id: ModelId, options?: FetchOptions): Promise<CachedModel>
}

export function modelExchange(init: ModelExchangeInit): (components: ModelExchangeComponents) => ModelExchange {
  return components => new ModelExchangeClass(components, init)
}

export { MODEL_PROTOCOL } from './constants.ts'
export {
  FalseChunkError,
  ModelNotAllowedError,
  ModelUnavailableError,
  ModelWireError,
  ProviderStalledError
} from './errors.ts'
