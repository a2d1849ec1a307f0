/** `npm run bench -- <name>`: measures, prints a table and writes the figures under `results/bench`. It never judges. */
import { Command, InvalidArgumentError, Option } from 'commander'
import type { BatchingOptions } from './batching.ts'
import type { ChoiceOptions } from './choice.ts'
import type { CodesOptions } from './codes.ts'
import type { DiscoveryOptions } from './discovery.ts'
import type { FanoutOptions } from './fanout.ts'
import type { PackingOptions } from './packing.ts'
import type { PlacementOptions } from './placement.ts'
import type { SelectionOptions } from './selection.ts'
import type { SelectionRealOptions } from './selection-real.ts'
import type { SimulatorOptions } from './simulator.ts'
import { smallYoungGeneration } from './small-young-generation.ts'
import type { WireOptions } from './wire.ts'

const program = new Command('bench').description('Measures splinemesh beside what it is compared with, alternated.')

program
  .command('wire')
  .description('round trips and throughput of tasks to one worker, beside bare libp2p streams, TLS and TCP')
  .option('--rounds <n>', 'rounds in which each way has a block of requests; more of the small ones', count, 15)
  .addOption(
    new Option('--small-young-generation <where>', 'which processes hold it small, as serve and infer do')
      .choices(['both', 'master', 'worker', 'neither'])
      .default('both')
  )
  .option('--out <folder>', 'where the figures go', 'results/bench')
  .option('--json', 'print the figures as JSON instead of the tables', false)
  .action(async (options: WireOptions) => {
    if (['both', 'master'].includes(options.smallYoungGeneration)) {
      smallYoungGeneration()
    }
    const { wire } = await import('./wire.ts')
    await wire(options)
  })

program
  .command('fanout')
  .description('600 KB to a hundred workers at once, and how long the master’s event loop is held, beside bare sends')
  .option('--workers <n>', 'workers, in four processes', count, 100)
  .option('--rounds <n>', 'rounds of each way', count, 10)
  .addOption(new Option('--encrypter <name>', 'what the master proposes').choices(['tls', 'noise']).default('noise'))
  .option('--out <folder>', 'where the figures go', 'results/bench')
  .option('--json', 'print the figures as JSON instead of the table', false)
  .action(async (options: FanoutOptions) => {
    smallYoungGeneration()
    const { fanout } = await import('./fanout.ts')
    await fanout(options)
  })

program
  .command('packing')
  .description('digits with float32, float16 and int8 on the wire: the bytes, and what it costs in accuracy')
  .option('--out <folder>', 'where the figures go', 'results/bench')
  .option('--json', 'print the figures as JSON instead of the table', false)
  .action(async (options: PackingOptions) => {
    const { packing } = await import('./packing.ts')
    await packing(options)
  })

program
  .command('codes')
  .description(
    'encoding beside ONNX Runtime on one thread, decoding, construction, and the longest turn of asking a group'
  )
  .option('--rounds <n>', 'rounds of the big encode; five times as many of the small', count, 60)
  .option('--out <folder>', 'where the figures go', 'results/bench')
  .option('--json', 'print the figures as JSON instead of the table', false)
  .action(async (options: CodesOptions) => {
    const { codes } = await import('./codes.ts')
    await codes(options)
  })

program
  .command('choice')
  .description('choosing the workers of a group among many, in time on a core, and what is kept of each worker')
  .option('--groups <n>', 'groups, one after the other', count, 5000)
  .option('--out <folder>', 'where the figures go', 'results/bench')
  .option('--json', 'print the figures as JSON instead of the table', false)
  .action(async (options: ChoiceOptions) => {
    const { choice } = await import('./choice.ts')
    await choice(options)
  })

program
  .command('placement')
  .description('the error of decoded predictions by which coded queries the better workers get, where all are mixtures')
  .option('--out <folder>', 'where the figures go', 'results/bench')
  .option('--json', 'print the figures as JSON instead of the table', false)
  .action(async (options: PlacementOptions) => {
    const { placement } = await import('./placement.ts')
    await placement(options)
  })

program
  .command('discovery')
  .description(
    'a hundred workers behind one bootstrap peer: how soon a master reaches those of a model, through the DHT'
  )
  .option('--workers <n>', 'workers, in four processes', count, 100)
  .option('--seconds <n>', 'how long the master looks at most', count, 60)
  .option('--out <folder>', 'where the figures go', 'results/bench')
  .option('--json', 'print the figures as JSON instead of the table', false)
  .action(async (options: DiscoveryOptions) => {
    const { discovery } = await import('./discovery.ts')
    await discovery(options)
  })

program
  .command('batching')
  .description('tasks that share runs in a worker, beside the same tasks that run one by one')
  .option('--model <file>', 'an ONNX model (default: the LeNet-5 of the digits)')
  .option('--blocks <n>', 'blocks of each kind, for each number of tasks in flight', count, 20)
  .option('--out <folder>', 'where the figures go', 'results/bench')
  .option('--json', 'print the figures as JSON instead of the table', false)
  .action(async (options: BatchingOptions) => {
    const { batching } = await import('./batching.ts')
    await batching(options)
  })

program
  .command('simulator')
  .description('coded queries that the simulator does in a second of a core, and the memory of a great fleet')
  .option('--out <folder>', 'where the figures go', 'results/bench')
  .option('--json', 'print the figures as JSON instead of the table', false)
  .action(async (options: SimulatorOptions) => {
    const { simulator } = await import('./simulator.ts')
    await simulator(options)
  })

program
  .command('selection')
  .description('p99 when ours chooses the workers, and when others do: random … C3, in the simulator, seed by seed')
  .option('--seeds <n>', 'seeds of each scenario', count, 20)
  .option('--first <n>', 'the first of them; from 1001 on none is used for tuning', count, 1001)
  .option('--scenario <name...>', 'of the library (default: six of them)')
  .option('--alike', 'the others too send few tasks at once, and copies of those that are late', false)
  .option('--out <folder>', 'where the figures go', 'results/bench')
  .option('--json', 'print the figures as JSON instead of the table', false)
  .action(async (options: SelectionOptions) => {
    const { selection } = await import('./selection.ts')
    await selection(options)
  })

program
  .command('selection-real')
  .description('the same on twelve real processes, beside the simulator: do the policies come in the same order?')
  .option('--scenario <name...>', 'of the library', ['thermal-afternoon', 'rack-loss'])
  .option('--seed <n>', 'of what goes wrong, and when', count, 1)
  .option('--from <file...>', 'the table of what earlier runs wrote, instead of a run')
  .option('--out <folder>', 'where the figures go', 'results/bench')
  .option('--json', 'print the figures as JSON instead of the table', false)
  .action(async (options: SelectionRealOptions) => {
    const { selectionReal } = await import('./selection-real.ts')
    await selectionReal(options)
  })

await program.parseAsync()

function count(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new InvalidArgumentError('It must be a whole number of at least 1.')
  }
  return value
}
