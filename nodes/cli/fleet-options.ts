import type { Command } from 'commander'

/** Who this peer is, and who may meet it. */
export interface FleetOptions {
  identity?: string
  networkKey?: string
  members?: string
}

export function withFleetOptions(command: Command): Command {
  return command
    .option(
      '--identity <folder>',
      'keep the private key there, so that the peer id lasts (default: a new one each time)'
    )
    .option('--network-key <file>', 'meet only peers with the same key; splinemesh key network makes one')
    .option('--members <file>', 'meet only peers on this list, each in its roles; see docs/cli.md')
}
