import type { Command } from 'commander'
import { decimal, positive, whole } from './options.ts'

/** What was asked for, as commander hands it over. */
export interface ChaosModelOptions {
  model?: string
  data?: string
  labels?: string
}

export interface ChaosRunOptions extends ChaosModelOptions {
  real?: true
  seed?: number
  out?: string
  json?: true
}

export interface ChaosFitOptions extends ChaosModelOptions {
  seed?: number
  out?: string
  json?: true
}

export interface ChaosTourOptions {
  out: string
}

export interface ChaosReplayOptions {
  json?: true
}

export interface ChaosSoakOptions {
  seed: number
  scenarios?: number
  minutes?: number
  out: string
}

export interface ChaosReportOptions {
  out: string
}

export interface ChaosListOptions {
  json?: true
}

const EXAMPLES = `
A scenario is one of the library, by its name, or a YAML file of your own. All that is random comes from its seed: the same
seed gives the same figures, to the last digit.

Examples:
  $ splinemesh chaos list
  $ splinemesh chaos run heavy-tail
  $ splinemesh chaos run my-fleet.yaml --seed 7 --out my-fleet.json
  $ splinemesh chaos report my-fleet.json
  $ splinemesh chaos run twelve-processes --real
  $ splinemesh chaos fit calm-light calm-busy calm-mixed
  $ splinemesh chaos soak --scenarios 1000
  $ splinemesh chaos replay 4711`

export function defineChaos(program: Command): void {
  const chaos = program
    .command('chaos')
    .description('Compare plans on a fleet in which things go wrong, and check what must always hold.')
    .addHelpText('after', EXAMPLES)
  chaos
    .command('tour', { isDefault: true })
    .description('Three minutes: three scenarios in the simulator, one on twelve real processes, and a page of it all.')
    .option('--out <folder>', 'where figures and page go', 'results/chaos')
    .action(async (options: ChaosTourOptions) => {
      const { tour } = await import('./chaos-tour.ts')
      await tour(options)
    })
  chaos
    .command('list')
    .description('The scenarios of the library.')
    .option('--json', 'print JSON')
    .action(async (options: ChaosListOptions) => {
      const { list } = await import('./chaos-action.ts')
      await list(options)
    })
  chaos
    .command('schema')
    .description('The JSON schema of a scenario, for an editor that completes and checks YAML.')
    .action(async () => {
      const { scenarioSchema } = await import('../../src/simulation/index.ts')
      console.log(JSON.stringify(scenarioSchema, undefined, 2))
    })
  const run = chaos
    .command('run')
    .description('Run every plan of some scenarios, each on the same fleet with the same faults.')
    .argument('<scenario...>', 'names of the library, or files')
    .option('--real', 'on real processes of this computer, instead of the simulator')
    .option('--seed <n>', 'of all chance (default: that of each scenario)', whole)
    .option('--out <file.json>', 'write the figures there')
    .option('--json', 'print the figures as JSON instead of tables')
  withModel(run).action(async (scenarios: string[], options: ChaosRunOptions) => {
    const action = await import('./chaos-action.ts')
    await action.run(scenarios, options)
  })
  const fit = chaos
    .command('fit')
    .description('Run scenarios twice on real processes, fit the simulator on the first run, and compare the second.')
    .argument('<scenario...>', 'names of the library, or files')
    .option('--seed <n>', 'of all chance (default: that of each scenario)', whole)
    .option('--out <file.json>', 'write the figures there')
    .option('--json', 'print the figures as JSON instead of a table')
  withModel(fit).action(async (scenarios: string[], options: ChaosFitOptions) => {
    const action = await import('./chaos-action.ts')
    await action.fit(scenarios, options)
  })
  chaos
    .command('report')
    .description('Make a page of figures that run wrote: plots, tables, who won.')
    .argument('<file.json...>')
    .option('--out <file.html>', 'where the page goes', 'results/chaos/report.html')
    .action(async (files: string[], options: ChaosReportOptions) => {
      const { report } = await import('./chaos-report.ts')
      await report(files, options)
    })
  chaos
    .command('replay')
    .description('Run a scenario again in which something broke: by the seed of a random one, or from its file.')
    .argument('<seed or file>')
    .option('--json', 'print JSON: the scenario and what broke')
    .action(async (asked: string, options: ChaosReplayOptions) => {
      const { replay } = await import('./chaos-soak.ts')
      await replay(asked, options)
    })
  chaos
    .command('soak')
    .description('Run random scenarios until one breaks, the time is over, or all have passed.')
    .option('--seed <n>', 'of the first one; each has the next', whole, 1)
    .option('--scenarios <n>', 'so many at most', positive)
    .option('--minutes <n>', 'so long at most', decimal)
    .option('--out <folder>', 'where a scenario goes in which something broke', 'results/chaos')
    .action(async (options: ChaosSoakOptions) => {
      const { soak } = await import('./chaos-soak.ts')
      await soak(options)
    })
}

/** Adds the options of a model that really runs. */
function withModel(command: Command): Command {
  return command
    .option('--model <file.onnx>', 'a model that really runs (real processes: default the LeNet-5 of the digits)')
    .option('--data <file.npy>', 'its queries; the first axis counts them')
    .option('--labels <file.npy>', 'the true class of each (default: what the model itself says)')
}
