import type { Command } from 'commander'

const EXAMPLES = `
Examples:
  $ splinemesh key network fleet.key                # copy it to every peer of the fleet
  $ splinemesh key peer ~/.splinemesh               # the peer id, for the list of members
  $ splinemesh serve --model lenet5.onnx --identity ~/.splinemesh --network-key fleet.key --members members.yaml`

export function defineKey(program: Command): void {
  const key = program
    .command('key')
    .description('Keys of a private fleet: the one that all its peers share, and that of each peer.')
    .addHelpText('after', EXAMPLES)
  key
    .command('network <file>')
    .description('Make a new network key; peers without it cannot connect to those that have it.')
    .action(async (file: string) => {
      const { makeNetworkKey } = await import('./key-action.ts')
      await makeNetworkKey(file)
    })
  key
    .command('peer <folder>')
    .description('Print the peer id of the private key that is kept in a folder; it is made if there is none.')
    .action(async (folder: string) => {
      const { tellPeerId } = await import('./key-action.ts')
      await tellPeerId(folder)
    })
}
