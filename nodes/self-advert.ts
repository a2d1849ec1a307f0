import { availableParallelism } from 'node:os'
import type { Advert } from '../protocols/presence/index.ts'
import type { Executor } from '../src/runtime/index.ts'
import type { WorkerLoad } from './coded-inference.ts'

/** An advert has room for so many. */
const MOST_MODELS = 32

/** What a peer says of itself to others; nothing where it serves nothing. */
export function selfAdvert(load: WorkerLoad | undefined, executor: Executor | undefined): Advert | undefined {
  if (load === undefined) {
    return undefined
  }
  const { slotsFree, queued, taskMs, models } = load
  return {
    models: models.slice(0, MOST_MODELS).map(({ id, name }) => ({ id, name, taskMs: taskMs.get(id) })),
    device: `${process.platform} ${process.arch}, ${availableParallelism()} cores`,
    provider: providerOf(executor),
    slotsFree,
    queued
  }
}

/** Where its models run; each says for itself, and people want one word. */
function providerOf(executor: Executor | undefined): string {
  const names =
    executor !== undefined && 'providers' in executor && Array.isArray(executor.providers) ? executor.providers : []
  return [...new Set(names.map(({ provider }) => provider))].join(', ')
}
