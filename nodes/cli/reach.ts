import { NoWorkersError } from '../../src/inference/index.ts'
import type { Model } from '../../src/models/index.ts'
import type { Peer } from '../peer.ts'
import { servedModel } from '../served-model.ts'
import { serving } from './asked-model.ts'
import { missingText, warnMissing } from './missing-workers.ts'
import type { PeerOptions } from './options.ts'

/**
 * Looks for workers, at most until `n` of them serve the model, and finds out which model is meant.
 *
 * @throws {NoWorkersError} no worker that serves it was found
 */
export async function reach(
  peer: Peer,
  asked: string,
  n: number,
  options: PeerOptions,
  signal: AbortSignal
): Promise<Model> {
  const { findWorkers } = await import('./find-workers.ts')
  const { peer: addresses = [], mdns, dht, presence, wait } = options
  const found = new AbortController()
  // whoever waits for a model has it looked for by its id
  peer.waitForWorkers({ model: asked, count: n, signal: found.signal }).catch(() => {})
  const search = await findWorkers(peer, {
    addresses,
    others: Boolean(mdns ?? dht ?? presence),
    wait,
    signal,
    enough: workers => serving(workers, asked) >= n,
    some: workers => serving(workers, asked) > 0
  })
  found.abort()
  const model = servedModel(search.workers, asked)
  if (model === undefined) {
    const served = search.workers.flatMap(({ models }) => models.map(({ name, id }) => `${name}@${id.slice(0, 12)}`))
    const instead = served.length === 0 ? 'no worker was reached' : `workers serve ${[...new Set(served)].join(', ')}`
    throw new NoWorkersError(`no worker that serves '${asked}' was found: ${instead}${missingText(search)}`)
  }
  warnMissing(search)
  return model
}
