import { Command, InvalidArgumentError } from 'commander'
import { GROUPS, K } from './settings.ts'

/** One more than a group needs, for one is killed. */
const FEWEST_WORKERS = K + 1

export interface DemoOptions {
  groups: number
  workers: number
  /** How many of them are slow in each group. */
  slow: number
  seed: number
  out: string
  json: boolean
}

export function parseOptions(argv: readonly string[]): DemoOptions {
  const options = new Command('demo')
    .description('A fleet on this machine classifies digits under six plans, while workers stall and die.')
    .option('--groups <n>', `groups of ${K} test digits for each plan, as far as there are digits`, atLeast(1), GROUPS)
    .option('--workers <n>', 'worker processes; a quarter of them is slow in each group', atLeast(FEWEST_WORKERS), 12)
    .option('--seed <n>', 'draws who is slow, who is killed, and the jitter', atLeast(0), 1)
    .option('--out <folder>', 'where the figures and the picture go', 'results/demo')
    .option('--json', 'print the figures as JSON instead of the table', false)
    .parse(argv, { from: 'user' })
    .opts<Omit<DemoOptions, 'slow'>>()
  return { ...options, groups: Math.min(options.groups, GROUPS), slow: Math.floor(options.workers / 4) }
}

function atLeast(least: number): (text: string) => number {
  return text => {
    const value = Number(text)
    if (!Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`It must be a whole number of at least ${least}.`)
    }
    return value
  }
}
