import type { Command } from 'commander'
import { type PeerOptions, withPeerOptions } from './options.ts'

/** What was asked for, as commander hands it over. */
export interface PeersCommandOptions extends PeerOptions {
  watch?: true
  json?: true
}

const EXAMPLES = `
Examples:
  $ splinemesh peers --peer <multiaddr>
  $ splinemesh peers --mdns --wait 5s
  $ splinemesh peers --mdns --presence --identity ~/.splinemesh --watch
  $ splinemesh peers --peer <multiaddr> <multiaddr> --json`

export function definePeers(program: Command): void {
  const command = program.command('peers').description('List the workers that can be reached, and what they serve.')
  withPeerOptions(command, '3s')
    .option('--watch', 'look again every second, until it is told to stop')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (options: PeersCommandOptions) => {
      const { peers } = await import('./peers-action.ts')
      await peers(options)
    })
}
