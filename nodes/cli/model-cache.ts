import { type ModelCache, modelCache } from '../../src/models/index.ts'
import { type CacheOptions, defaultFolder } from './cache-options.ts'

export function cacheOf({ cache: folder = defaultFolder(), cacheSize: maxBytes }: CacheOptions): ModelCache {
  return modelCache({ folder, maxBytes, now: Date.now })
}
