import type { Command } from 'commander'
import { type CacheOptions, withCacheOptions } from './cache-options.ts'
import { type PeerOptions, withPeerOptions } from './options.ts'

/** What was asked for, as commander hands it over. */
export interface ModelsOptions extends CacheOptions {
  json?: true
}

export interface AddOptions extends ModelsOptions {
  name?: string
}

export type FetchCommandOptions = ModelsOptions & PeerOptions

const EXAMPLES = `
Examples:
  $ splinemesh models add lenet5.onnx
  $ splinemesh models ls
  $ splinemesh models fetch lenet5@bafkrei… --peer <multiaddr>
  $ splinemesh models verify
  $ splinemesh models rm lenet5

A model is meant by its content id: the sha-256 of its file, 64 hexadecimal digits, or the same as a CID. Where it is in the
cache already, its name or the first digits of its id are enough.`

export function defineModels(program: Command): void {
  const models = program
    .command('models')
    .description('The models in the cache: what is there, and how it gets there.')
    .addHelpText('after', EXAMPLES)
  const define = (name: string, description: string): Command =>
    withCacheOptions(models.command(name).description(description)).option('--json', 'print JSON')
  define('ls', 'List the models in the cache.').action(async (options: ModelsOptions) => {
    const { list } = await import('./models-action.ts')
    await list(options)
  })
  define('add <file>', 'Check an ONNX file and copy it into the cache.')
    .option('--name <name>', "what to call it (default: the file's name without .onnx)")
    .action(async (file: string, options: AddOptions) => {
      const { add } = await import('./models-action.ts')
      await add(file, options)
    })
  withPeerOptions(define('fetch <[name@]id...>', 'Fetch models from peers that have them.'), '15s').action(
    async (wanted: string[], options: FetchCommandOptions) => {
      const { fetch } = await import('./models-action.ts')
      await fetch(wanted, options)
    }
  )
  define('verify [model...]', 'Hash models again; one that was changed on disk is removed.').action(
    async (asked: string[], options: ModelsOptions) => {
      const { verify } = await import('./models-action.ts')
      await verify(asked, options)
    }
  )
  define('rm <model...>', 'Remove models from the cache.').action(async (asked: string[], options: ModelsOptions) => {
    const { remove } = await import('./models-action.ts')
    await remove(asked, options)
  })
}
