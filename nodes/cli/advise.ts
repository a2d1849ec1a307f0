import type { Command } from 'commander'
import { duration, type Latency, latency, positive, stragglers } from './options.ts'

/** What was asked for, as commander hands it over. */
export interface AdviseCommandOptions {
  profile: string[]
  workers: number
  stragglers?: number
  deadline?: number
  latency?: Latency
  student?: string
  description?: string
  exits?: string
  parity?: string
  k?: number
  n?: number
  json?: true
}

const EXAMPLES = `
Stragglers below 1 are a share: each worker by itself is late with this probability. Whole numbers are so many of the
workers, any of them. With a deadline, who is late comes from the time that answers take; stragglers are those that never
answer.

Examples:
  $ splinemesh advise --profile lenet5.profile.json --workers 12 --stragglers 0.2
  $ splinemesh advise --profile lenet5.profile.json --workers 12 --deadline 200ms --latency 20ms,250ms
  $ splinemesh advise --profile lenet5.profile.json --workers 5 --stragglers 1 --description mosaic-k4.json --parity parity-k4.json
  $ splinemesh advise --profile four.json eight.json --workers 20 --stragglers 5 --k 4
  $ splinemesh infer --model lenet5 --input x.npy --code auto --profile lenet5.profile.json --stragglers 0.2 --mdns`

export function defineAdvise(program: Command): void {
  program
    .command('advise')
    .description('Tell what every plan is worth in a fleet, and which to take.')
    .requiredOption('--profile <file...>', 'as splinemesh calibrate wrote them, of one model')
    .requiredOption('--workers <n>', 'workers of the fleet', positive)
    .option('--stragglers <n>', 'how many do not answer in time: a share, 0.2, or a number, 3', stragglers)
    .option('--deadline <time>', 'by when a group must be answered; with --latency', duration)
    .option('--latency <p50,p99>', 'within what time half, and 99 in 100, of the answers of a worker come', latency)
    .option('--student <file>', 'a small model that the master may run: its profile, its .onnx beside it')
    .option('--description <file>', 'a model that answers several queries in one run: its profile')
    .option('--exits <file>', 'what exits of the model say of its queries: their profile; with --deadline')
    .option('--parity <file>', 'parity models of groups of their k: their profile')
    .option('--k <n>', 'only plans with so many queries in a group (default: all of the profile)', positive)
    .option('--n <n>', 'only plans with so many coded queries', positive)
    .option('--json', 'print JSON: every plan, the one to take, and why')
    .addHelpText('after', EXAMPLES)
    .action(async (options: AdviseCommandOptions) => {
      // Help and bad usage need none of what this imports.
      const { advise } = await import('./advise-action.ts')
      await advise(options)
    })
}
