import path from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import envPaths from 'env-paths'

const UNITS: Readonly<Record<string, number>> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9 }

/** Where models are kept. */
export interface CacheOptions {
  cache?: string
  cacheSize?: number
}

export function withCacheOptions(command: Command): Command {
  return command
    .option('--cache <folder>', `where models are kept (default: ${defaultFolder()})`)
    .option('--cache-size <size>', 'room for them; those used longest ago go first (default: 10 GiB)', fileSize)
}

/** Where models are kept when no folder is given. */
export function defaultFolder(): string {
  return path.join(envPaths('splinemesh', { suffix: '' }).cache, 'models')
}

/** `500MB`, `2GB`, or a plain number of bytes. */
function fileSize(text: string): number {
  const [, count, unit = 'B'] = /^(\d+(?:\.\d+)?)\s*(B|kB|MB|GB)?$/.exec(text) ?? []
  if (count === undefined) {
    throw new InvalidArgumentError('Give a size such as 500MB or 2GB.')
  }
  return Math.round(Number(count) * UNITS[unit])
}
