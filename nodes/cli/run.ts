import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { defineAdvise } from './advise.ts'
import { defineCalibrate } from './calibrate.ts'
import { defineChaos } from './chaos.ts'
import { defineDoctor } from './doctor.ts'
import { UsageError } from './errors.ts'
import { codeOf, EXIT, EXIT_CODES_HELP, exitCodeOf } from './exit-codes.ts'
import { defineInfer } from './infer.ts'
import { defineKey } from './key.ts'
import { defineModels } from './models.ts'
import { definePeers } from './peers.ts'
import { defineServe } from './serve.ts'

const HELP = `
Examples:
  $ splinemesh serve --model lenet5.onnx
  $ splinemesh infer --model lenet5 --input 0.png 1.png --peer <multiaddr>
  $ splinemesh peers --peer <multiaddr>
  $ splinemesh calibrate --model lenet5.onnx --data x.npy --k 20 --n 100
  $ splinemesh advise --profile lenet5.profile.json --workers 12 --stragglers 0.2
  $ splinemesh doctor --ep cuda,cpu

Each command has its own: splinemesh infer --help

${EXIT_CODES_HELP}`

function program(): Command {
  const splinemesh = new Command('splinemesh')
    .description('Coded inference on a mesh of peers: predictions from whichever workers answer in time.')
    .version(version())
    .addHelpText('after', HELP)
    .showSuggestionAfterError()
    .exitOverride()
    // What commander complains about comes as an error too, and is told there.
    .configureOutput({ outputError: () => {} })
  defineServe(splinemesh)
  defineInfer(splinemesh)
  definePeers(splinemesh)
  defineCalibrate(splinemesh)
  defineModels(splinemesh)
  defineAdvise(splinemesh)
  defineKey(splinemesh)
  defineDoctor(splinemesh)
  defineChaos(splinemesh)
  return splinemesh
}

// Read and not imported: the compiler would copy an imported package.json into dist.
function version(): string {
  const manifest = new URL(import.meta.resolve('splinemesh/package.json'))
  return JSON.parse(readFileSync(manifest, 'utf8')).version
}

/** What commander throws: help and version are no errors, the rest is bad usage. */
function fromCommander(error: CommanderError): UsageError | undefined {
  if (error.exitCode === 0 || error.code === 'commander.help') {
    return undefined
  }
  return new UsageError(error.message.replace(/^error: /, ''), { cause: error })
}

function tell(error: unknown, json: boolean): void {
  const { name, message } = error instanceof Error ? error : new Error(String(error))
  const code = codeOf(error)
  const unexpected = exitCodeOf(error) === EXIT.internal
  if (json) {
    console.error(JSON.stringify({ error: { name, code, message } }))
  } else if (unexpected) {
    console.error('splinemesh: internal error; please report it with what follows')
    console.error(error)
  } else {
    console.error(`${name} (${code}): ${message}`)
  }
}

/** Runs one command, and says how that went by the process's exit code. */
export async function run(args: readonly string[]): Promise<void> {
  try {
    await program().parseAsync(args, { from: 'user' })
  } catch (thrown) {
    const error = thrown instanceof CommanderError ? fromCommander(thrown) : thrown
    if (error !== undefined) {
      tell(error, args.includes('--json'))
      process.exitCode = exitCodeOf(error)
    } else if (args.length === 0) {
      process.exitCode = EXIT.badInput
    }
  }
}
