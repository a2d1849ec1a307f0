import { type Command, Option } from 'commander'
import { type CacheOptions, withCacheOptions } from './cache-options.ts'
import { type ExecutorOptions, withExecutorOptions } from './executor-options.ts'
import { type FleetOptions, withFleetOptions } from './fleet-options.ts'
import type { ObtainOptions } from './obtain-models.ts'
import { port } from './options.ts'
import { smallYoungGeneration } from './small-young-generation.ts'

/** What was asked for, as commander hands it over. */
export interface ServeOptions extends CacheOptions, ExecutorOptions, FleetOptions, ObtainOptions {
  listen: string[]
  bootstrap?: string[]
  mdns?: true
  dht?: true | 'server'
  presence?: true
  relay?: true
  batching: boolean
  metrics?: number
  json?: true
}

const EXAMPLES = `
Examples:
  $ splinemesh serve --model lenet5.onnx
  $ splinemesh serve --model lenet5.onnx --listen /ip4/127.0.0.1/tcp/4001     # this machine only
  $ splinemesh serve --model digits=lenet5.onnx --model photos=mobilenet.onnx
  $ splinemesh serve --model lenet5.onnx --identity ~/.splinemesh --mdns       # the same peer id each time
  $ splinemesh serve --model lenet5@bafkrei… --peer <multiaddr>                # fetched, and then served
  $ splinemesh serve --model lenet5.onnx --identity ~/.splinemesh --network-key fleet.key --members members.yaml
  $ splinemesh serve --model lenet5.onnx --ep cuda,cpu --threads 2
  $ splinemesh serve --model lenet5.onnx --ep tensorrt,cuda --executor 'python3 onnx_worker.py'

It ends on Ctrl-C or SIGTERM, once the run in progress is done; a second one ends it at once.`

export function defineServe(program: Command): void {
  const command = program
    .command('serve')
    .description('Serve models to whoever asks, until it is told to stop.')
    .option(
      '--model <model...>',
      'ONNX files, as file or name=file; or name@id, from the cache or else from peers that have it'
    )
    .option('--allow <id...>', 'serve only models of these content ids')
    .option('--listen <multiaddr...>', 'where to listen; port 0 is any free port, /p2p-circuit a relay among --peer', [
      '/ip4/0.0.0.0/tcp/0'
    ])
    .option('--peer, --bootstrap <multiaddr...>', 'peers to keep a connection to')
    .option('--mdns', 'let peers on the local network find it by multicast')
    .addOption(
      new Option(
        '--dht [server]',
        'be found by what it serves, in a table that --peer leads to; server: keep part of it'
      ).choices(['server'])
    )
    .option('--presence', 'say what it serves and how busy it is, and pass on what others say')
    .option('--relay', 'pass on what peers say that cannot reach each other; no model is needed')
  withFleetOptions(command)
  withExecutorOptions(command).option('--no-batching', 'never run tasks that wait for the same model as one batch')
  withCacheOptions(command)
    .option('--metrics <port>', 'count for Prometheus, at this port of 127.0.0.1; 0 is any free port', port)
    .option('--json', 'print one JSON object a line: ready, then stopped')
    .addHelpText('after', EXAMPLES)
    .action(async (options: ServeOptions) => {
      // Help and bad usage need none of what this imports.
      smallYoungGeneration()
      const { serve } = await import('./serve-action.ts')
      await serve(options)
    })
}
