import { type CachedModel, type ModelCache, type ModelId, parseModelId } from '../../src/models/index.ts'
import { createPeer, type PeerInit } from '../peer.ts'
import { UsageError } from './errors.ts'
import { withSteps } from './progress.ts'

/** A model that is meant by its content id. */
export interface NamedId {
  name: string
  id: ModelId
}

export interface FetchInit {
  cache: ModelCache
  /** Where the models are, and how this peer is reached while it fetches: others may fetch from it at the same time. */
  peer: PeerInit
  /** Without a chunk for so many ms, it is given up. */
  patience?: number
  /** Show progress on stderr. */
  show: boolean
  signal: AbortSignal
}

/** `name@id` or an id, hexadecimal or as a CID; undefined if it is none, such as a file. */
export function parseNamedId(text: string): NamedId | undefined {
  const [, name, idText = ''] = /^(?:([^/\\@]+)@)?([^/\\@]+)$/.exec(text) ?? []
  const id = parseModelId(idText)
  if (id === undefined && name !== undefined && !idText.endsWith('.onnx')) {
    throw new UsageError(
      `'${idText}' of '${text}' is no content id: give the whole sha-256 (64 hexadecimal digits), or a CID such as bafkrei…`
    )
  }
  return id === undefined ? undefined : { id, name: name ?? id.slice(0, 12) }
}

/** The models from the cache; those that it lacks are fetched from the peers, one after the other. */
export async function fetchModels(wanted: readonly NamedId[], init: FetchInit): Promise<CachedModel[]> {
  const { cache } = init
  const known = await Promise.all(wanted.map(({ id }) => cache.use(id)))
  const missing = wanted.filter((_, i) => known[i] === undefined)
  const fetched = missing.length === 0 ? [] : await fetchFrom(missing, init)
  return wanted.flatMap(({ id }) => [...known, ...fetched].find(model => model?.id === id) ?? [])
}

async function fetchFrom(missing: readonly NamedId[], init: FetchInit): Promise<CachedModel[]> {
  const { cache, peer: reached, patience, show, signal } = init
  if ((reached.bootstrap ?? []).length === 0 && reached.mdns !== true) {
    throw new UsageError(
      `${missing.map(({ name }) => name).join(', ')} is not in the cache: say which peers may have it, --peer <multiaddr> or --mdns`
    )
  }
  const allow = missing.map(({ id }) => id)
  const timeouts = patience === undefined ? {} : { patience }
  const peer = await createPeer({ ...reached, exchange: { cache, allow, timeouts } })
  try {
    const fetched: CachedModel[] = []
    for (const { id, name } of missing) {
      const fetch = (progress?: (done: number, total: number) => void): Promise<CachedModel> =>
        peer.fetchModel(id, { name, signal, progress: ({ chunks, of }) => progress?.(chunks, of) })
      fetched.push(show && process.stderr.isTTY ? await withSteps(fetch, `chunks of ${name}`) : await fetch())
    }
    return fetched
  } finally {
    await peer.stop()
  }
}
